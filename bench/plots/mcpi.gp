# SPDX-License-Identifier: BSD-2-Clause
# Memory cycles per instruction of each benchmark: for each row a bar of the user's share and one of
# the system's, stacked by what the cycles wait for.
W = 1000; H = 1060
load "bench/plots/common.gp"
file = data . "/mcpi.csv"

memory = "icache dcache tlb write_buffer"
array colour[4] = [part_colour[3], part_colour[4], part_colour[5], part_colour[6]]
titles = "'I-cache' 'D-cache' 'TLB' 'write buffer'"
upto(n) = n ? (sum [i=1:n] column(word(memory, i))) : 0
mine(bench, value) = only(strcol("bench") eq bench, value)
left(x) = x + (strcol("side") eq "user" ? -0.36 : 0.02)
bench_names = "getpid getppid write read stat open_close signal_install pipe fork fork_exec page_fault mmap"

unset key
set multiplot layout 4,3 title " "
set tmargin 1.8; set bmargin 4.4
set ytics font ",9"
set yrange [0:*]
set xrange [0.4:6.6]
set xtics rotate by -35 font ",8" noenhanced
eval config_tics
do for [k=1:12] {
    bench = word(bench_names, k)
    set title bench noenhanced offset 0,-0.5
    if (k % 3 == 1) { set ylabel "MCPI" } else { unset ylabel }
    plot for [i=1:4] file using (mine(bench, place(strcol("config")))):(0): \
             (left(place(strcol("config")))):(left(place(strcol("config"))) + 0.34): \
             (upto(i - 1)):(upto(i)) \
             with boxxyerror linecolor rgb colour[i]
}
eval legend_above
plot for [i=1:4] NaN with boxes linecolor rgb colour[i] title word(titles, i)
unset multiplot
