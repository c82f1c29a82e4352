/* SPDX-License-Identifier: BSD-2-Clause */
/* What CPUID says of the host. Sources: Intel SDM vol. 2A, CPUID, leaves 4 and 18h; AMD APM vol. 3,
 * appendix E, leaves 8000_0005h, 8000_0006h, 8000_001Dh; 4000_0000h: Linux's
 * Documentation/virt/kvm/x86/cpuid.rst. */
#include <cpuid.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bench/host/calibrate.h"

#define HYPERVISOR 0x40000000
#define TCG "TCGTCGTCGTCG" /* how QEMU's emulation names itself */
#define FULLY 0xffff       /* associative */

struct regs {
    uint32_t eax, ebx, ecx, edx;
};

static uint32_t bits(uint32_t word, unsigned int high, unsigned int low)
{
    return word >> low & (uint32_t)((UINT64_C(2) << (high - low)) - 1);
}

/* A leaf's registers; zeros if there is no such leaf. */
static struct regs leaf(uint32_t number, uint32_t sub)
{
    struct regs r = { 0 };

    if ((uint32_t)__get_cpuid_max(number & 0xffff0000, NULL) >= number)
        __cpuid_count(number, sub, r.eax, r.ebx, r.ecx, r.edx);
    return r;
}

/* The hypervisor's twelve letters; none on a bare machine. */
static void hypervisor(char name[13])
{
    uint32_t eax, words[3] = { 0 };

    if (leaf(1, 0).ecx & 1u << 31)
        __cpuid(HYPERVISOR, eax, words[0], words[1], words[2]);
    memcpy(name, words, 12);
    name[12] = '\0';
}

const char *no_timer(void)
{
    char name[13];

    hypervisor(name);
    if (!strcmp(name, TCG))
        return "QEMU's emulation runs this program: its time is not a processor's";
    if (!(leaf(0x80000007, 0).edx & 1u << 8))
        return "CPUID says of no time-stamp counter with a constant rate";
    return NULL;
}

/* Print a name that may hold anything. */
static void print_text(const char *key, const char *text)
{
    printf("\"%s\": \"", key);
    for (; *text; text++)
        if (*text >= ' ' && *text <= '~' && *text != '"' && *text != '\\')
            putchar(*text);
    putchar('"');
}

static void print_processor(void)
{
    char brand[49] = "", vendor[13] = "", host[13];
    struct regs r = leaf(0, 0);

    memcpy(vendor, (uint32_t[]){ r.ebx, r.edx, r.ecx }, 12);
    for (uint32_t i = 0; i < 3; i++) {
        r = leaf(0x80000002 + i, 0);
        memcpy(brand + 16 * i, &r, 16);
    }
    r = leaf(1, 0);
    hypervisor(host);
    printf("{");
    print_text("processor", brand + strspn(brand, " "));
    printf(", ");
    print_text("vendor", vendor);
    printf(", \"family\": %u, \"model\": %u, \"stepping\": %u, ",
           bits(r.eax, 11, 8) + (bits(r.eax, 11, 8) == 15 ? bits(r.eax, 27, 20) : 0),
           bits(r.eax, 7, 4) | bits(r.eax, 19, 16) << 4, bits(r.eax, 3, 0));
    print_text("hypervisor", host);
    printf(", \"global_pages\": %s, \"pcid\": %s}\n", r.edx & 1u << 13 ? "true" : "false",
           r.ecx & 1u << 17 ? "true" : "false");
}

/* Leaf 4 and AMD's 8000_001D have one format. */
static void print_caches(uint32_t number)
{
    static const char *const kinds[] = { "", "data", "instruction", "unified" };

    for (uint32_t sub = 0; sub < 16; sub++) {
        struct regs r = leaf(number, sub);
        uint32_t kind = bits(r.eax, 4, 0), line = bits(r.ebx, 11, 0) + 1;
        uint32_t ways = bits(r.ebx, 31, 22) + 1;

        if (kind < 1 || kind > 3)
            return;
        printf("{\"cache\": %u, \"kind\": \"%s\", \"size\": %llu, \"ways\": %u, \"line\": %u}\n",
               bits(r.eax, 7, 5), kinds[kind],
               (unsigned long long)line * ways * (bits(r.ebx, 21, 12) + 1) * (r.ecx + 1ull), ways,
               line);
    }
}

/* `ways` 0 is no buffer; FULLY is as many ways as entries. */
static void print_tlb(const char *name, const char *pages, uint32_t entries, uint32_t ways)
{
    if (entries && ways)
        printf("{\"tlb\": \"%s\", \"pages\": \"%s\", \"entries\": %u, \"ways\": %u}\n", name, pages,
               entries, ways == FULLY ? entries : ways);
}

static void print_tlbs_intel(void)
{
    static const char *const first[] = { "", "dtlb", "itlb", "dtlb" };

    for (uint32_t sub = 0; leaf(0, 0).eax >= 0x18 && sub <= leaf(0x18, 0).eax; sub++) {
        struct regs r = leaf(0x18, sub);
        uint32_t kind = bits(r.edx, 4, 0), level = bits(r.edx, 7, 5), ways = bits(r.ebx, 31, 16);
        const char *name = level > 1 ? "stlb" : first[kind & 3];

        if (kind < 1 || kind > 3)
            continue;
        if (r.ebx & 1)
            print_tlb(name, "small", ways * r.ecx, ways);
        if (r.ebx & 2 && level == 1)
            print_tlb(name, "large", ways * r.ecx, ways);
    }
}

static void print_tlbs_amd(void)
{
    static const uint16_t ways[16] = { 0, 1, 2, 3, 4, 6, 8, 0, 16, 0, 32, 48, 64, 96, 128, FULLY };
    struct regs first = leaf(0x80000005, 0), second = leaf(0x80000006, 0);
    uint32_t i = bits(first.ebx, 15, 8), d = bits(first.ebx, 31, 24);
    uint32_t large_i = bits(first.eax, 15, 8), large_d = bits(first.eax, 31, 24);

    print_tlb("itlb", "small", bits(first.ebx, 7, 0), i == 0xff ? FULLY : i);
    print_tlb("itlb", "large", bits(first.eax, 7, 0), large_i == 0xff ? FULLY : large_i);
    print_tlb("dtlb", "small", bits(first.ebx, 23, 16), d == 0xff ? FULLY : d);
    print_tlb("dtlb", "large", bits(first.eax, 23, 16), large_d == 0xff ? FULLY : large_d);
    print_tlb("stlb", "small", bits(second.ebx, 27, 16), ways[bits(second.ebx, 31, 28)]);
}

void print_cpuid(void)
{
    bool amd = leaf(0, 0).ebx != 0x756e6547; /* "Genu", of GenuineIntel */

    print_processor();
    print_caches(amd ? 0x8000001d : 4);
    if (amd)
        print_tlbs_amd();
    else
        print_tlbs_intel();
}
