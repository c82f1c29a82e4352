# SPDX-License-Identifier: BSD-2-Clause
# getpid() after the program has dirtied its caches.
W = 800; H = 480
load "bench/plots/common.gp"
file = data . "/dirtied.csv"

set xlabel "KiB that the program writes to before each call"
set ylabel "cycles of the call and of its further misses"
set logscale x 2
set logscale y 10
set xrange [0.9:300]
set xtics ("0" 1, 2, 4, 8, 16, 32, 64, 128, 256)
set key outside right top samplen 2
shown(kib) = kib > 0 ? kib : 1
plot for [i=1:6] file using (shown(column("kib"))): \
         (only(strcol("config") eq word(configs, i), column("cycles"))) \
         with linespoints pointtype 7 pointsize 0.5 linewidth 1.6 \
         linecolor rgb config_colour[i] title word(configs, i)
