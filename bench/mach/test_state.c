/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/mach/mach.h"
const struct test state_tests[] = {{0}};
