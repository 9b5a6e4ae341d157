/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An emulated PTDMA function: device.c is what a PCI bus sees of it, queue.c
 * carries its descriptors out.
 */
#ifndef MIGSIM_TESTS_PTDMA_H
#define MIGSIM_TESTS_PTDMA_H

#include "qemu/osdep.h"
#include "hw/pci/pci.h"
#include "qemu/timer.h"

#include "settings.h"

#define CONTROL_RUN 1u
#define INT_COMPLETION 1u
#define INT_ERROR 2u

/* STATUS. The driver looks all above 25 up outside its table. */
enum {
	ILLEGAL_ENGINE = 1,
	ILLEGAL_BUFFER_LENGTH = 9,
	ILLEGAL_MEM_SEL = 12,
	BUS_ERROR = 19,
	LAST_ERROR = 25,
};

struct ptdma {
	PCIDevice pci;
	MemoryRegion regs;
	QEMUTimer *timer;
	/* As the properties say; then the guest may change them. */
	uint64_t initial[NR_SETTINGS];
	uint8_t capability;

	uint32_t control, tail, head, int_en, int_sts, status;
	uint32_t desc[8];
	/* A descriptor is on its way; after an error nothing starts until HEAD
	 * is written; nothing ends any more until RUN is cleared.
	 */
	bool busy, halted, hung;
	bool raised;
	uint8_t chunk[64 * 1024];
};

/* Where the guest finds the setting: 64 bits, little-endian. */
uint8_t *ptdma_setting(struct ptdma *s, unsigned int which);

/* Tells INT_STS and INT_EN. */
void ptdma_update_interrupt(struct ptdma *s);

/* Starts the next descriptor, if there is one and it may start. */
void ptdma_start(struct ptdma *s);

/* The timer: the descriptor on its way is at its end. */
void ptdma_finish(void *s);

#endif
