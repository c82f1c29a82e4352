# SPDX-License-Identifier: BSD-2-Clause
# Context switch against the working set of each process, a panel for each number of processes.
W = 1000; H = 700
load "bench/plots/common.gp"
file = data . "/context_switch.csv"

unset key
set multiplot layout 2,2 title " "
set yrange [*<0:*]
set xrange [0:64]
set xtics (0, 4, 8, 16, 32, 64)
do for [n in "2 4 8 16"] {
    set title n . " processes" noenhanced
    if (n > 4) { set xlabel "KiB that each process reads between two switches" } else { unset xlabel }
    if (n == 2 || n == 8) { set ylabel "cycles of a switch" } else { unset ylabel }
    plot for [i=1:6] file using (column("kib")): \
             (only(strcol("config") eq word(configs, i) && column("processes") == n, \
                   column("cycles"))) \
             with linespoints pointtype 7 pointsize 0.5 linewidth 1.6 \
             linecolor rgb config_colour[i]
}
eval legend_above
plot for [i=1:6] NaN with linespoints pointtype 7 pointsize 0.5 linewidth 1.6 \
                 linecolor rgb config_colour[i] title word(configs, i)
unset multiplot
