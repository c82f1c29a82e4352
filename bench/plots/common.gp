# SPDX-License-Identifier: BSD-2-Clause
# What all plots share. The caller sets `term` (svg or png), `out` and `data` (a directory).
# Data are CSV files with a line of column names.
set datafile separator ","
set datafile missing NaN
if (term eq "svg") set terminal svg size W,H font "Helvetica,Arial,sans-serif,13" background "white"
if (term eq "png") set terminal pngcairo size W,H font "DejaVu Sans,10" background "white"
set output out

configs = "linux mono l4linux l4linux-tramp mklinux-kern mklinux-user"
array config_colour[6] = ["#1a1a1a", "#8c8c8c", "#0b5fa5", "#67a9cf", "#e08214", "#b2182b"]

parts = "base branch icache dcache tlb write_buffer privileged"
part_titles = "'issue' 'branches' 'I-cache' 'D-cache' 'TLB' 'write buffer' 'privileged'"
array part_colour[7] = ["#4d4d4d", "#f4a582", "#5aae61", "#2166ac", "#d6604d", "#fee08b", "#9970ab"]

set style fill solid 1.0 noborder
set border 3 linecolor rgb "#666666"
set tics nomirror out scale 0.5
set grid ytics linecolor rgb "#dddddd" linetype 1
set key noenhanced

# Where a configuration stands on an axis of configurations: 1 to 6.
place(name) = sum [i=1:6] (word(configs, i) eq name ? i : 0)
# To eval: an axis of configurations; a legend above several panels, which leave room by a blank
# title: after the last of them, a plot of the whole width that shows nothing else.
config_tics = "set xtics (" . \
    (join = "", sum [i=1:6] (join = join . (i > 1 ? ", " : "") . \
     sprintf("\"%s\" %d", word(configs, i), i), 0), join) . ")"
legend_above = "unset border; unset tics; unset xlabel; unset ylabel; unset title;" . \
    "unset logscale; set lmargin at screen 0.01; set rmargin at screen 0.99;" . \
    "set bmargin at screen 0; set tmargin at screen 1; set xrange [0:1]; set yrange [0:1];" . \
    "set key center top horizontal samplen 1.5"

# The value if a row belongs to a curve, otherwise nothing.
only(belongs, value) = belongs ? value : NaN
