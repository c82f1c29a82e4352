/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/mach/mach.h"
const struct test selftest_rpc[] = {{0}};
