/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One descriptor is in flight at a time. It takes latency_ns and its length
 * over the bandwidth, of virtual time; the bytes move at its end, through the
 * bus address space, so that a virtual IOMMU sees every one.
 */
#include "ptdma.h"
#include "hw/pci/msix.h"

/* The first word of a descriptor: 5 is the engine which only copies. */
#define DW0_SOC 1u
#define DW0_IOC 2u
#define DW0_ENGINE(dw0) ((dw0) >> 20 & 15)
#define ENGINE_PASSTHRU 5

uint8_t *ptdma_setting(struct ptdma *s, unsigned int which)
{
	return s->pci.config + s->capability + SETTINGS_OFFSET + 8 * which;
}

static uint64_t setting(struct ptdma *s, unsigned int which)
{
	return pci_get_quad(ptdma_setting(s, which));
}

static void count(struct ptdma *s, unsigned int which)
{
	pci_set_quad(ptdma_setting(s, which), setting(s, which) + 1);
}

/* Is the descriptor that is counted now one of those that EVERY names? */
static bool hits(struct ptdma *s, unsigned int every)
{
	uint64_t n = setting(s, every);

	return n && setting(s, DESCRIPTORS) % n == 0;
}

/* The interrupt is the rising edge: what is latched while disabled is told when
 * it is enabled.
 */
void ptdma_update_interrupt(struct ptdma *s)
{
	bool raise = s->int_sts & s->int_en;

	if (raise && !s->raised)
		msix_notify(&s->pci, 0);
	s->raised = raise;
}

static void fail(struct ptdma *s, uint32_t code)
{
	count(s, ERRORS);
	s->status = code;
	s->halted = true;
	s->int_sts |= INT_ERROR;
	ptdma_update_interrupt(s);
}

static uint64_t address(const uint32_t *lo_hi)
{
	return (uint64_t)(lo_hi[1] & 0xffff) << 32 | lo_hi[0];
}

static uint32_t copy(struct ptdma *s)
{
	uint64_t src = address(s->desc + 2), dst = address(s->desc + 4);
	uint32_t left = s->desc[1], n;
	bool corrupt = hits(s, CORRUPT_EVERY);

	for (; left; left -= n, src += n, dst += n) {
		n = MIN(left, (uint32_t)sizeof(s->chunk));
		if (pci_dma_read(&s->pci, src, s->chunk, n))
			return BUS_ERROR;
		if (corrupt)
			s->chunk[n / 2] ^= 1;
		corrupt = false;
		if (pci_dma_write(&s->pci, dst, s->chunk, n))
			return BUS_ERROR;
	}
	return 0;
}

static uint32_t refuse(const uint32_t *desc)
{
	if (DW0_ENGINE(desc[0]) != ENGINE_PASSTHRU)
		return ILLEGAL_ENGINE;
	if (!desc[1])
		return ILLEGAL_BUFFER_LENGTH;
	if (desc[3] >> 16 || desc[5] >> 16)
		return ILLEGAL_MEM_SEL;
	return 0;
}

static uint64_t duration_ns(struct ptdma *s)
{
	uint64_t bandwidth = setting(s, BANDWIDTH);
	uint64_t ns = setting(s, LATENCY_NS);

	if (bandwidth)
		ns += s->desc[1] * (uint64_t)NANOSECONDS_PER_SECOND / bandwidth;
	return ns;
}

void ptdma_start(struct ptdma *s)
{
	uint64_t base = (uint64_t)(s->control >> 16) << 32;
	uint32_t error = 0;

	if (s->busy || s->halted || s->hung || !(s->control & CONTROL_RUN) ||
	    s->head == s->tail)
		return;
	if (pci_dma_read(&s->pci, base | s->head, s->desc, sizeof(s->desc)))
		error = BUS_ERROR;
	for (int i = 0; i < 8; i++)
		s->desc[i] = le32_to_cpu(s->desc[i]);
	if (!error)
		error = refuse(s->desc);
	if (error) {
		fail(s, error);
		return;
	}
	count(s, DESCRIPTORS);
	s->hung = hits(s, HANG_EVERY);
	if (s->hung)
		return;
	s->busy = true;
	timer_mod(s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
		  (int64_t)duration_ns(s));
}

/* The ring is aligned to its own size; CONTROL holds log2(entries) - 1. */
static uint32_t next_head(struct ptdma *s)
{
	uint32_t one = sizeof(s->desc);
	uint32_t last = (one << (MIN(s->control >> 3 & 31, 15) + 1)) - 1;

	return (s->head & ~last) | ((s->head + one) & last);
}

void ptdma_finish(void *opaque)
{
	struct ptdma *s = opaque;
	uint32_t error;

	s->busy = false;
	if (hits(s, ERROR_EVERY))
		error = (uint32_t)MIN(MAX(setting(s, ERROR_CODE), 1),
				      LAST_ERROR);
	else
		error = copy(s);
	if (error) {
		fail(s, error);
		return;
	}
	s->head = next_head(s);
	if (s->desc[0] & DW0_SOC)
		s->control &= ~CONTROL_RUN;
	if (s->desc[0] & DW0_IOC)
		s->int_sts |= INT_COMPLETION;
	ptdma_update_interrupt(s);
	ptdma_start(s);
}

