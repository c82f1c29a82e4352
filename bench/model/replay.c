/* SPDX-License-Identifier: BSD-2-Clause */
/* Replays a trace that the plugin has recorded (trace=FILE) on a machine, without QEMU.
 *
 *     replay MACHINE TRACE [REGION NTH]
 *
 * prints the model's lines, or (trace.h) the steps of the NTH opening of REGION. Places are told by
 * halves of the address space alone. */
#include <stdlib.h>

#include "bench/model/trace.h"

static int usage(void)
{
    fprintf(stderr, "usage: replay MACHINE TRACE [REGION NTH]\n");
    return 2;
}

int main(int argc, char **argv)
{
    static const struct model_places places;
    struct machine machine;
    char error[512];
    FILE *trace;
    bool good;

    if (argc != 3 && argc != 5)
        return usage();
    if (!machine_read(&machine, argv[1], error, sizeof(error))) {
        fprintf(stderr, "%s\n", error);
        return 2;
    }
    trace = fopen(argv[2], "r");
    if (!trace) {
        perror(argv[2]);
        return 2;
    }
    good = argc == 3 ? trace_replay(trace, &machine, &places, stdout, error, sizeof(error)) :
                       trace_steps(trace, &machine, &places, atoi(argv[3]), atoi(argv[4]), stdout,
                                   error, sizeof(error));
    fclose(trace);
    if (!good)
        fprintf(stderr, "%s: %s\n", argv[2], error);
    return good ? 0 : 1;
}
