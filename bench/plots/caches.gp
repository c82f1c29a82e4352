# SPDX-License-Identifier: BSD-2-Clause
# Cost against the first levels' size and ways, and the translation buffers' entries.
W = 1000; H = 680
load "bench/plots/common.gp"
file = data . "/caches.csv"

what = "l1_kib l1_ways tlb_entries"
labels = "'KiB of each L1 cache (2-way)' 'ways of each L1 cache (8 KiB)' 'entries of the I-TLB (D-TLB: twice)'"
unset key
set multiplot layout 2,3 title " "
set logscale x 2
set logscale y 10
do for [bench in "getpid pipe"] {
    do for [k=1:3] {
        set title bench noenhanced
        set xlabel word(labels, k)
        if (k == 1) { set ylabel "cycles" } else { unset ylabel }
        plot for [i=1:6] file using (column("value")): \
                 (only(strcol("config") eq word(configs, i) && strcol("bench") eq bench && \
                       strcol("varied") eq word(what, k), column("cycles"))) \
                 with linespoints pointtype 7 pointsize 0.5 linewidth 1.6 \
                 linecolor rgb config_colour[i]
    }
}
eval legend_above
plot for [i=1:6] NaN with linespoints pointtype 7 pointsize 0.5 linewidth 1.6 \
                 linecolor rgb config_colour[i] title word(configs, i)
unset multiplot
