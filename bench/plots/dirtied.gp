# SPDX-License-Identifier: BSD-2-Clause
# A call after dirtied caches: getpid() and a pipe's round trip by row, the native IPC paths alone,
# and how much of each partner's round trip is due to what the partner writes.
W = 1000; H = 760
load "bench/plots/common.gp"
file = data . "/dirtied.csv"

native = "l4native machnative"
native_titles = "'l4native: call and reply' 'machnative: mach_msg'"
array native_colour[2] = ["#4dac26", "#7b3294"]

unset key
set multiplot layout 2,2 title " "
set logscale x 2
set logscale y 10
set xrange [0.9:300]
set xtics ("0" 1, "2" 2, "4" 4, "8" 8, "16" 16, "32" 32, "64" 64, "128" 128, "256" 256)
set ytics (100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000)
shown(kib) = kib > 0 ? kib : 1
curve = "with linespoints pointtype 7 pointsize 0.5 linewidth 1.6"

set title "getpid(), the program dirties"
set xlabel "KiB that the program writes to before each call"
set ylabel "cycles of the call and of its further misses"
set yrange [100:20000]
plot for [i=1:6] file using (shown(column("kib"))): \
         (only(strcol("config") eq word(configs, i) && strcol("call") eq "getpid", \
               column("cycles"))) \
         @curve linecolor rgb config_colour[i]

set title "pipe round trip, the partner dirties"
set xlabel "KiB that the partner writes to before it answers"
unset ylabel
set yrange [5000:200000]
plot for [i=1:6] file using (shown(column("kib"))): \
         (only(strcol("config") eq word(configs, i) && strcol("call") eq "pipe", \
               column("cycles"))) \
         @curve linecolor rgb config_colour[i]

set title "IPC alone, the partner dirties"
set ylabel "cycles of the round trip and of its further misses"
set key inside left top vertical Left reverse samplen 1.5
set yrange [1000:20000]
plot for [i=1:2] file using (shown(column("kib"))): \
         (only(strcol("config") eq word(native, i), column("cycles"))) \
         @curve linecolor rgb native_colour[i] title word(native_titles, i)

# The line of 0 KiB comes first.
more(belongs, kib, cycles) = belongs ? (none = kib == 0 ? cycles : none, cycles - none) : NaN
set title "what the partner's writes add to a round trip"
set ylabel "cycles more than with 0 KiB"
unset key
unset logscale y
set yrange [*<0:*]
set ytics autofreq
plot for [i=1:6] file using (shown(column("kib"))): \
         (more(strcol("config") eq word(configs, i) && strcol("call") eq "pipe", \
               column("kib"), column("cycles"))) \
         @curve linecolor rgb config_colour[i], \
     for [i=1:2] file using (shown(column("kib"))): \
         (more(strcol("config") eq word(native, i), column("kib"), column("cycles"))) \
         @curve linecolor rgb native_colour[i]
eval legend_above
plot for [i=1:6] NaN @curve linecolor rgb config_colour[i] title word(configs, i)
unset multiplot
