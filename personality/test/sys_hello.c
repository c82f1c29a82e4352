/* SPDX-License-Identifier: BSD-2-Clause */
/* The smallest whole program: start-up of the C library, arguments, output, a clean end. As process
 * 1 it restarts the machine. */
#include <stdio.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "l4k/abi/guest_log.h"

int main(int argc, char **argv)
{
    int good = argc >= 1 && argv[0] && !argv[argc];

    printf(LOG_BEGIN "sys_hello\n");
    printf("KTAP version 1\n1..1\n%s 1 hello from process %d\n", good ? "ok" : "not ok",
           (int)getpid());
    printf(LOG_END "sys_hello status=%d\n", !good);
    fflush(stdout);
    if (getpid() == 1)
        reboot(RB_AUTOBOOT);
    return !good;
}
