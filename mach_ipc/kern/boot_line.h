/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of a boot module, as GNU Mach reads it:
 *     NAME WORD ... '${host-port}' '${device-port}' '$(task-create)' '$(task-resume)'
 * Spaces separate words. Single quotes keep what they enclose together and are removed; a loader's
 * shell mostly has done so already. `${...}` anywhere in a word is replaced by its value, `$(...)` is
 * a word of its own that is acted upon. All other words are arguments as they are. */
#ifndef MACH_IPC_KERN_BOOT_LINE_H
#define MACH_IPC_KERN_BOOT_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l4k/abi/mach.h"

#define BOOT_ARGS_MAX 64
#define BOOT_TEXT_MAX 2048

struct boot_args {
    unsigned argc;
    uint16_t argv[BOOT_ARGS_MAX]; /* where in `text` each begins; 0: the last component of NAME */
    char text[BOOT_TEXT_MAX];     /* arguments, each with its NUL */
    size_t length;                /* of it */
    /* The names that the program has been told: 1, 2, ... in the order of their first mention; 0:
     * not mentioned. */
    mach_port_name_t host_port, device_port;
    bool create, resume; /* $(task-create), $(task-resume) */
    /* Of a line that can't be read: what is wrong, and with which word (none: "";
     * a long one is cut). */
    const char *error;
    char word[64];
};

/* Reads `line`; `kernel_line` is the value of ${kernel-command-line}. False: see `error`. */
bool boot_line_read(struct boot_args *out, const char *line, const char *kernel_line);

#endif
