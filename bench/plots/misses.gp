# SPDX-License-Identifier: BSD-2-Clause
# Why the first-level caches miss in one system call, by who executes: conflict, capacity, compulsory.
W = 1000; H = 700
load "bench/plots/common.gp"
file = data . "/misses.csv"

reasons = "conflict capacity compulsory"
array colour[3] = ["#d6604d", "#4393c3", "#bababa"]
places = "user stub kernel server"
upto(cache, n) = n ? (sum [i=1:n] column(cache . "_" . word(reasons, i))) : 0
shift(name) = -0.5 + 0.2 * (sum [i=1:4] (word(places, i) eq name ? i : 0))
at(name) = place(name) + shift(strcol("place"))
mine(bench, value) = only(strcol("bench") eq bench, value)
named(cache) = upto(cache, 3) >= 0.5 ? strcol("place") : ""

unset key
set multiplot layout 2,2 title " "
set yrange [0:*]
set offsets 0, 0, graph 0.2, 0
set xrange [0.4:6.6]
set xtics rotate by -20 font ",9" noenhanced
eval config_tics
do for [bench in "getpid open_close"] {
    do for [cache in "l1i l1d"] {
        set title bench . (cache eq "l1i" ? ": I-cache" : ": D-cache, reads") noenhanced
        if (cache eq "l1i") { set ylabel "misses of one operation" } else { unset ylabel }
        plot for [i=1:3] file using (mine(bench, at(strcol("config")))):(0):(at(strcol("config")) - 0.09):(at(strcol("config")) + 0.09): \
                 (upto(cache, i - 1)):(upto(cache, i)) \
                 with boxxyerror linecolor rgb colour[i], \
             file using (mine(bench, at(strcol("config")))):(upto(cache, 3)):(named(cache)) \
                 with labels rotate by 90 left offset 0,0.4 font ",8"
    }
}
eval legend_above
plot for [i=1:3] NaN with boxes linecolor rgb colour[i] title word(reasons, i)
unset multiplot
