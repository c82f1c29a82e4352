/* SPDX-License-Identifier: BSD-2-Clause */
/* From the boot code to the first user thread. */
#include "l4k/ipc_path.h"
#include "l4k/kern/boot_kept.h"
#include "l4k/kern/cpu_state.h"
#include "l4k/kern/fpu.h"
#include "l4k/kern/frame.h"
#include "l4k/kern/log.h"
#include "l4k/kern/panic.h"
#include "l4k/kern/sched.h"
#include "l4k/kern/task.h"
#include "l4k/lib/string.h"
#include "l4k/sys/client.h"
#include "l4k/sys/trap.h"
#include "l4k/vm/vm_map.h"
#include "l4k/x86_64/boot.h"
#include "l4k/x86_64/clock.h"
#include "l4k/x86_64/cpu.h"
#include "l4k/x86_64/pic.h"

struct boot_info boot_info_kept;

/* A map goes while its page tables may still be loaded: the kernel's own replace them first. */
static void release_map(struct vm_map *map)
{
    if (read_cr3() == pmap_root(vm_map_pmap(map)))
        write_cr3((uint64_t)kernel_pml4 - KERNEL_BASE);
    vm_map_release(map);
}

static void memory_init(void)
{
    for (size_t i = 0; i < boot_info_kept.n_usable; i++)
        frame_add_range(boot_info_kept.usable[i].start, boot_info_kept.usable[i].end);
    pmap_init();
    if (vm_page_init(frame_total_count()) != OK)
        panic("no memory for the page table");
    task_map_release = release_map;
}

/* Is `word` one of the words of the command line? */
static bool has_word(const char *cmdline, const char *word)
{
    size_t n = strlen(word);

    for (const char *p = cmdline; *p; p++) {
        bool starts = p == cmdline || p[-1] == ' ';

        if (starts && !strncmp(p, word, n) && (p[n] == ' ' || !p[n]))
            return true;
    }
    return false;
}

void kernel_main(const struct boot_info *info)
{
    boot_info_kept = *info;
    cpu.fsgsbase = cpu_features.fsgsbase;
    cpu_tss.rsp0 = (uint64_t)&null_thread;
    trap_init();
    trap_forget_mappings = has_word(info->cmdline, "pmap=forget");
    memory_init();
    sched_init();
    fpu_init();
    ipc_init();
    clock_start_tick();
    pic_unmask(TICK_IRQ);
    client_start();
    sched_resume();
}
