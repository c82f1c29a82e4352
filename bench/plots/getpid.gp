# SPDX-License-Identifier: BSD-2-Clause
# getpid() of each row as a ratio to Linux, stacked by where the cycles go, the paper's bar beside it.
W = 1000; H = 460
load "bench/plots/common.gp"
file = data . "/getpid.csv"

upto(n) = (sum [i=1:n] column(word(parts, i))) / column("linux_cycles")
left(x) = x - 0.38
middle(x) = x + 0.02
right(x) = x + 0.38

set multiplot
set ylabel "cycles, Linux = 1"
set xtics rotate by -20 noenhanced
eval config_tics
unset key
do for [panel=1:2] {
    if (panel == 1) {
        set lmargin at screen 0.07; set rmargin at screen 0.70
        set xrange [0.5:5.5]; set yrange [0:10]
    } else {
        unset ylabel
        set lmargin at screen 0.75; set rmargin at screen 0.87
        set xrange [5.4:6.6]; set yrange [0:70]
        set key at screen 0.995, screen 0.95 top right samplen 1 spacing 1.3 font ",10"
    }
    plot for [i=1:7] file using (place(strcol("config"))):(0): \
             (left(place(strcol("config")))):(middle(place(strcol("config")))): \
             (upto(i - 1)):(upto(i)) \
             with boxxyerror linecolor rgb part_colour[i] title word(part_titles, i), \
         file using (place(strcol("config"))):(0): \
             (middle(place(strcol("config"))) + 0.03):(right(place(strcol("config")))): \
             (0):(column("paper_ratio")) \
             with boxxyerror fillstyle pattern 4 linecolor rgb "#999999" title "the paper", \
         file using (place(strcol("config")) - 0.18):(upto(7)): \
             (sprintf("%.2f", upto(7))) with labels offset 0,0.6 font ",9" notitle, \
         file using (place(strcol("config")) + 0.21):(column("paper_ratio")): \
             (column("paper_ratio") > 0 ? sprintf("%.2f", column("paper_ratio")) : "") \
             with labels offset 0,0.6 font ",9" textcolor rgb "#777777" notitle
}
unset multiplot
