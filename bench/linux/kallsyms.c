/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs as the first process of real Linux and prints the functions of its kernel, for
 * scripts/l4k/kallsyms.py: after the begin marker, for each text symbol of /proc/kallsyms that no
 * module brought, the low 32 bits of its address in hexadecimal and its name; then how many there
 * were, 0 if the kernel tells none. At the end it resets the machine. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>

#include "l4k/abi/guest_log.h"

#define LINE 1024

/* Print a line of /proc/kallsyms ("ADDRESS TYPE NAME [MODULE]") if it is of the kernel's text. */
static bool print_symbol(const char *line)
{
    char name[LINE], type, module;
    uint64_t addr;
    int fields = sscanf(line, "%" SCNx64 " %c %1023s %c", &addr, &type, name, &module);

    if (fields != 3 || addr >> 32 != 0xffffffff || !strchr("tTwW", type))
        return false;
    printf("%08" PRIx32 " %s\n", (uint32_t)addr, name);
    return true;
}

static unsigned int print_symbols(FILE *symbols)
{
    char line[LINE];
    unsigned int n = 0;

    while (fgets(line, sizeof(line), symbols))
        n += print_symbol(line);
    return n;
}

int main(void)
{
    FILE *symbols;
    unsigned int n = 0;

    puts(LOG_BEGIN "kallsyms");
    if (mount("proc", "/proc", "proc", 0, NULL))
        puts(LOG_ASSERT "/proc cannot be mounted");
    symbols = fopen("/proc/kallsyms", "r");
    if (symbols) {
        n = print_symbols(symbols);
        fclose(symbols);
    }
    printf(LOG_RESULT "{\"symbols\": %u}\n", n);
    puts(LOG_END "kallsyms status=0");
    fflush(stdout);
    reboot(RB_AUTOBOOT);
    return 1;
}
