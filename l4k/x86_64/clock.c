/* SPDX-License-Identifier: BSD-2-Clause */
/* Time, from three devices: the PIT ticks, the TSC counts between, the CMOS clock knows the date.
 *
 * The TSC's rate is measured, for CPUID tells it nowhere reliably. */
#include "l4k/x86_64/clock.h"

#include <stdbool.h>

#include "l4k/x86_64/cpu.h"

/* Intel 8254: channel 0 raises IRQ 0; channel 2 is gated and read by port 0x61. */
#define PIT_HZ 1193182
#define PIT_CHANNEL0 0x40
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_CH0_RATE 0x34     /* channel 0, low then high byte, mode 2 */
#define PIT_CH2_ONE_SHOT 0xb0 /* channel 2, low then high byte, mode 0 */
#define PORT_B 0x61
#define PORT_B_GATE2 0x01
#define PORT_B_SPEAKER 0x02
#define PORT_B_OUT2 0x20

#define NS_PER_S UINT64_C(1000000000)
#define CALIBRATE_COUNT (PIT_HZ / 200) /* 5 ms */
#define CALIBRATE_ROUNDS 3
#define CALIBRATE_TRIES 10000000 /* where the PIT does not run, a wrong clock beats a dead kernel */

static uint64_t tsc_hz, tsc_start, last_ns, boot_date_ns;

/* ns = cycles * ns_mult >> 32 */
static uint64_t ns_mult;

/* Cycles that one countdown takes. */
static uint64_t time_countdown(void)
{
    uint64_t start;

    outb(PORT_B, (uint8_t)((inb(PORT_B) & ~PORT_B_SPEAKER) | PORT_B_GATE2));
    outb(PIT_COMMAND, PIT_CH2_ONE_SHOT);
    outb(PIT_CHANNEL2, CALIBRATE_COUNT & 0xff);
    outb(PIT_CHANNEL2, CALIBRATE_COUNT >> 8);
    start = rdtsc();
    for (int i = 0; i < CALIBRATE_TRIES && !(inb(PORT_B) & PORT_B_OUT2); i++)
        ;
    return rdtsc() - start;
}

/* The shortest of a few rounds: a host that preempts us only makes one longer. */
static void calibrate(void)
{
    uint64_t best = UINT64_MAX;

    for (int i = 0; i < CALIBRATE_ROUNDS; i++) {
        uint64_t cycles = time_countdown();

        best = cycles < best ? cycles : best;
    }
    tsc_hz = best * PIT_HZ / CALIBRATE_COUNT;
    ns_mult = (NS_PER_S << 32) / tsc_hz;
}

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define CMOS_UPDATING 0x80 /* status A */
#define CMOS_BINARY 0x04   /* status B */
#define CMOS_24_HOURS 0x02

enum { SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, CENTURY, FIELDS };

static uint8_t cmos_read(uint8_t index)
{
    outb(CMOS_INDEX, 0x80 | index); /* bit 7: NMI off */
    return inb(CMOS_DATA);
}

static void cmos_fields(uint8_t f[FIELDS])
{
    static const uint8_t index[FIELDS] = {0x00, 0x02, 0x04, 0x07, 0x08, 0x09, 0x32};

    for (int tries = 0; tries < 100000 && cmos_read(0x0a) & CMOS_UPDATING; tries++)
        ;
    for (int i = 0; i < FIELDS; i++)
        f[i] = cmos_read(index[i]);
}

static unsigned from_bcd(unsigned v)
{
    return (v >> 4) * 10 + (v & 15);
}

/* Days since 1970-01-01 of a date in the Gregorian calendar, years from 1970 on. */
static uint64_t days_of(unsigned year, unsigned month, unsigned day)
{
    unsigned y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;

    return UINT64_C(365) * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static uint64_t date_of(const uint8_t raw[FIELDS], uint8_t status)
{
    bool pm = raw[HOUR] & 0x80;
    unsigned v[FIELDS];

    for (int i = 0; i < FIELDS; i++) {
        unsigned r = i == HOUR ? raw[i] & 0x7f : raw[i];

        v[i] = status & CMOS_BINARY ? r : from_bcd(r);
    }
    if (!(status & CMOS_24_HOURS))
        v[HOUR] = v[HOUR] % 12 + (pm ? 12 : 0);
    if (v[CENTURY] < 19 || v[CENTURY] > 29)
        v[CENTURY] = 20;
    return days_of(v[CENTURY] * 100 + v[YEAR], v[MONTH], v[DAY]) * 86400 + v[HOUR] * 3600 +
           v[MINUTE] * 60 + v[SECOND];
}

/* Seconds since 1970; read until twice the same, as an update may come between two fields. */
static uint64_t read_date(void)
{
    uint8_t a[FIELDS], status = cmos_read(0x0b);
    uint64_t date = 0;

    for (int tries = 0; tries < 10; tries++) {
        uint64_t again;

        cmos_fields(a);
        again = date_of(a, status);
        if (again == date)
            break;
        date = again;
    }
    return date;
}

void clock_init(void)
{
    calibrate();
    boot_date_ns = read_date() * NS_PER_S;
    tsc_start = rdtsc();
}

void clock_start_tick(void)
{
    unsigned count = (PIT_HZ + TICK_HZ / 2) / TICK_HZ;

    outb(PIT_COMMAND, PIT_CH0_RATE);
    outb(PIT_CHANNEL0, (uint8_t)count);
    outb(PIT_CHANNEL0, (uint8_t)(count >> 8));
}

uint64_t clock_ns(void)
{
    uint64_t ns = (uint64_t)((unsigned __int128)(rdtsc() - tsc_start) * ns_mult >> 32);

    if (ns > last_ns && ns - last_ns < UINT64_C(1) << 62)
        last_ns = ns;
    return last_ns;
}

uint64_t clock_realtime_ns(void)
{
    return boot_date_ns + clock_ns();
}

uint64_t clock_tsc_hz(void)
{
    return tsc_hz;
}
