/* SPDX-License-Identifier: BSD-2-Clause */
/* Markers that a guest program executes to open and close a measured region.
 *
 * A marker is the seven-byte `nopl imm32(%rax)` (0f 1f 80 imm32): it does nothing on hardware and
 * under any emulator, so one binary runs everywhere; the QEMU plugin recognises its bytes. A region
 * holds the instructions executed after the open and before the close marker. `id` is 0..255 and
 * must be a constant. */
#ifndef BENCH_MARKER_H
#define BENCH_MARKER_H

#define MARKER_MAGIC 0x4c340000
#define MARKER_OPEN 1
#define MARKER_CLOSE 2

#ifndef __ASSEMBLER__
#define MARKER(kind, id)                                                                       \
    __asm__ volatile(".byte 0x0f, 0x1f, 0x80\n\t.long %c0"                                     \
                     :                                                                         \
                     : "i"(MARKER_MAGIC | (kind) << 8 | (id))                                  \
                     : "memory")
#endif

#endif
