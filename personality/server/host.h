/* SPDX-License-Identifier: BSD-2-Clause */
/* All that the personality server may ask of where it is placed, and what it offers in return.
 *
 * The server is compiled once; personality/place/ implements the host_ functions per row, as a user
 * task over IPC or linked into the kernel. Rules that let one source sit in every placement:
 *
 *   - The server never blocks. A call is answered, or deferred and completed by a later event.
 *   - The server is entered by one caller at a time, through the server_ functions below.
 *   - Copies of client memory may answer HOST_PENDING (a page must first come from a pager). A
 *     handler copies in before it commits and copies out before it consumes; after HOST_PENDING it
 *     hands that on as its result and is run again from the start.
 *   - The server's own memory is wired.
 *
 * Addresses are client addresses unless they are pointers. Sizes are bytes, times nanoseconds.
 * Functions that return int answer 0 or a negative Linux errno value. */
#ifndef PERSONALITY_SERVER_HOST_H
#define PERSONALITY_SERVER_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host_space;  /* a client address space */
struct host_object; /* a memory object: pages that can be mapped */
struct host_thread; /* a client thread */

/* A client's call, embedded at offset 0 of the server's per-thread structure, 64-byte aligned. The
 * placement fills nr and arg before server_syscall(). To the server both are read-only: on the way
 * back the placement may restore the client's registers from arg. The layout is known to assembly. */
struct host_call {
    uint64_t nr;
    uint64_t arg[6]; /* rdi rsi rdx r10 r8 r9 */
    struct host_thread *thread;
} __attribute__((aligned(64)));

/* Results of server_syscall() and server_fault() that are no Linux result. */
#define HOST_DEFER (-4097L)        /* no answer now: host_complete(), host_resume(), or never */
#define HOST_REGS (-4098L)         /* continue with the registers that host_set_regs() set */
#define HOST_PENDING_CALL (-4099L) /* a copy was PENDING: run again when the page is there */

enum host_copy { HOST_DONE = 0, HOST_EFAULT = 1, HOST_PENDING = 2 };

enum host_prot { HOST_READ = 1, HOST_WRITE = 2, HOST_EXEC = 4 };

/* All user registers of a client thread. While in a call: rip is after the `syscall`, rax the number. */
struct host_regs {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi;
    uint64_t rip, rflags, rsp;
    uint64_t fs_base, gs_base;
};

/* Why a client thread stopped outside a call. vector: x86 exception (SDM vol. 3, 6.15). */
struct host_fault {
    uint64_t vector, error, address; /* address: CR2 for a page fault */
    bool mapped;                     /* page fault: something is mapped there (SEGV_ACCERR) */
};

/* What the placement hands over at start. */
struct host_boot {
    const void *initramfs;
    size_t initramfs_size;
    const char *cmdline; /* the kernel's command line, zero terminated */
};

/* ---- what the server offers (personality/server/main.c) ---- */

/* Called once, before anything else. Starts /init. */
void server_init(const struct host_boot *boot);

/* A client's system call; c->nr and c->arg are filled. Returns the Linux result (rax) or HOST_*. */
long server_syscall(struct host_call *c);

/* A client thread took an exception that the kernel's VM can't resolve. Returns HOST_REGS to
 * continue it, or HOST_DEFER. */
long server_fault(struct host_call *c, const struct host_fault *fault);

/* The deadline given to host_timer_set() has passed. */
void server_timer(void);

/* Bytes arrived from the console. */
void server_console_input(const char *bytes, size_t n);

/* ---- spaces and memory ---- */

/* An empty client space; what the placement itself needs in it (stub, trampoline) is mapped. */
int host_space_create(struct host_space **out);
/* A copy of `src`: private maps copy-on-write, shared ones (host_map_*, shared) shared. */
int host_space_fork(struct host_space *src, struct host_space **out);
/* Ends it; no thread may be left in it. */
void host_space_destroy(struct host_space *s);

/* Maps at *addr (fixed: exactly there, replacing what was there; else the first free range from
 * *addr upwards, -ENOMEM if none below `limit`). len and *addr are page multiples. object NULL:
 * zero-filled memory. shared: stores reach the object and forks share it; otherwise copy-on-write. */
struct host_map_args {
    uint64_t addr, len, limit;
    struct host_object *object;
    uint64_t offset;
    unsigned prot;
    bool fixed, shared;
};
int host_map(struct host_space *s, const struct host_map_args *args, uint64_t *addr);
/* Holes are fine. */
int host_unmap(struct host_space *s, uint64_t addr, uint64_t len);
/* -ENOMEM when part of the range is not mapped. */
int host_protect(struct host_space *s, uint64_t addr, uint64_t len, unsigned prot);

/* The first mapped region at or above *addr; -ENOENT when there is none. */
struct host_region {
    uint64_t start, end;
    unsigned prot;
    bool shared;
};
int host_region(struct host_space *s, uint64_t addr, struct host_region *out);

/* Zero-filled memory objects (page caches of files, shared memory). Size rounds up to pages. */
int host_object_create(uint64_t size, struct host_object **out);
int host_object_write(struct host_object *o, uint64_t offset, const void *src, size_t n);
int host_object_read(struct host_object *o, uint64_t offset, void *dst, size_t n);
/* Mappings keep it alive; the server's handle ends. */
void host_object_release(struct host_object *o);

enum host_copy host_copy_in(struct host_space *s, void *dst, uint64_t src, size_t n);
enum host_copy host_copy_out(struct host_space *s, uint64_t dst, const void *src, size_t n);
/* Copies a string with its NUL; *len without it. HOST_DONE with *len == max: no NUL within max. */
enum host_copy host_copy_string(struct host_space *s, char *dst, uint64_t src, size_t max, size_t *len);
/* Atomic compare-and-swap of an aligned 32-bit word; *seen is what was there. */
enum host_copy host_cas32(struct host_space *s, uint64_t addr, uint32_t old, uint32_t new,
                          uint32_t *seen);

/* ---- threads ---- */

/* A stopped thread in `s` whose calls arrive as `c` (sets c->thread). Registers zero, FPU initial. */
int host_thread_create(struct host_space *s, struct host_call *c);
/* Ends c->thread wherever it is, also in the call now being served (whose result is then dropped). */
void host_thread_destroy(struct host_call *c);
void host_get_regs(struct host_call *c, struct host_regs *regs);
/* Values are sanitised: user segments, harmless flags, user addresses. */
void host_set_regs(struct host_call *c, const struct host_regs *regs);
/* 512 bytes, FXSAVE layout. */
void host_get_fpu(struct host_call *c, void *fxsave);
void host_set_fpu(struct host_call *c, const void *fxsave);
/* fs_base alone (arch_prctl), cheaper than all registers. */
void host_set_fs_base(struct host_call *c, uint64_t base);
/* Can the row give this thread a GS base of its own? */
bool host_set_gs_base(struct host_call *c, uint64_t base);
/* Stops a thread that runs user code, so that its registers can be read and set; true if it was
 * running, false if it is in a call or already stopped. Ends with host_resume(). */
bool host_interrupt(struct host_call *c);
/* Answers a deferred call; with HOST_PENDING_CALL: it met a page that is not there yet, and is to be
 * run again when it is. */
void host_complete(struct host_call *c, long result);
/* Continues a stopped, new or deferred thread with its registers as set. */
void host_resume(struct host_call *c);

/* ---- the server's own needs ---- */

/* Wired, zeroed, page-aligned memory; NULL when there is none. Never given back. */
void *host_memory(size_t bytes);
uint64_t host_clock(void);    /* monotonic */
uint64_t host_realtime(void); /* since 1970 */
/* server_timer() at or soon after `deadline` (host_clock() time); 0 cancels. One at a time. */
void host_timer_set(uint64_t deadline);
void host_entropy(void *dst, size_t n);
void host_console_write(const char *bytes, size_t n);
/* A line for the kernel log. */
void host_log(const char *line);
struct host_memory_info {
    uint64_t total, free;
};
void host_memory_info(struct host_memory_info *out);
/* Ends the machine; reset: by a reset (which ends a QEMU run), else halt. */
void host_reset(void) __attribute__((noreturn));
/* A broken invariant: say it and stop everything. */
void host_panic(const char *why) __attribute__((noreturn));

#endif
