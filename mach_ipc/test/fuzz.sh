#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Runs a fuzzer for $RUNS inputs from a fixed seed, and says so as KTAP.
# usage: fuzz.sh PROGRAM
echo 'KTAP version 1'
echo '1..1'
if log=$("$1" -runs="${RUNS:-20000}" -seed=1 -max_len=512 -len_control=0 -artifact_prefix=build/host/ 2>&1); then
    echo "ok 1 fuzz_message"
else
    echo "$log" | sed 's/^/# /'
    echo "not ok 1 fuzz_message"
    exit 1
fi
