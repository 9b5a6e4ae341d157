/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PTDMA function for qemu: what the kernel's ptdma driver sees of AMD's PCI
 * device 1022:1498. Built as a shared object that is preloaded into an
 * unmodified qemu, which then knows -device migsim-ptdma.
 */
#include "ptdma.h"
#include "hw/pci/msix.h"
#include "hw/qdev-properties.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/module.h"

#define TYPE_PTDMA "migsim-ptdma"
#define PTDMA(obj) OBJECT_CHECK(struct ptdma, (obj), TYPE_PTDMA)

enum {
	DEVICE_ID = 0x1498,
	REGS_BAR = 2,
	MSIX_BAR = 4,
	REGS_SIZE = 0x8000,
	VERSION = 0x10,
	QUEUE = 0x1000,
};

/* The registers of the queue, from QUEUE on. */
enum {
	CONTROL = 0x00,
	TAIL = 0x04,
	HEAD = 0x08,
	INT_EN = 0x0c,
	INT_STS = 0x10,
	STATUS = 0x100,
	INT_STATUS = 0x104,
};

static uint64_t regs_read(void *opaque, hwaddr at, unsigned int size)
{
	struct ptdma *s = opaque;

	switch (at) {
	case VERSION: return 1;
	case QUEUE + CONTROL: return s->control;
	case QUEUE + TAIL: return s->tail;
	case QUEUE + HEAD: return s->head;
	case QUEUE + INT_EN: return s->int_en;
	case QUEUE + INT_STS: return s->int_sts;
	case QUEUE + STATUS: return s->status;
	case QUEUE + INT_STATUS: return s->int_sts;
	}
	return 0;
}

/* What runs goes to its end; only what would never end is given up. */
static void write_control(struct ptdma *s, uint32_t value)
{
	s->control = value;
	if (!(value & CONTROL_RUN))
		s->hung = false;
}

static void write_head(struct ptdma *s, uint32_t value)
{
	s->head = value;
	s->halted = false;
	s->status = 0;
}

static void regs_write(void *opaque, hwaddr at, uint64_t wide,
		       unsigned int size)
{
	struct ptdma *s = opaque;
	uint32_t value = (uint32_t)wide;

	switch (at) {
	case QUEUE + CONTROL: write_control(s, value); break;
	case QUEUE + TAIL: s->tail = value; break;
	case QUEUE + HEAD: write_head(s, value); break;
	case QUEUE + INT_EN: s->int_en = value; break;
	case QUEUE + INT_STS: s->int_sts &= ~value; break;
	}
	ptdma_update_interrupt(s);
	ptdma_start(s);
}

static const MemoryRegionOps regs_ops = {
	.read = regs_read,
	.write = regs_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.valid = { .min_access_size = 4, .max_access_size = 4 },
	.impl = { .min_access_size = 4, .max_access_size = 4 },
};

/* The settings lie in configuration space, where a test in the guest can
 * change them while the driver holds the device.
 */
static int add_settings(struct ptdma *s, Error **errp)
{
	int at = pci_add_capability(&s->pci, PCI_CAP_ID_VNDR, 0, SETTINGS_SIZE,
				    errp);

	if (at < 0)
		return at;
	s->capability = (uint8_t)at;
	s->pci.config[at + PCI_CAP_FLAGS] = SETTINGS_SIZE;
	for (unsigned int i = 0; i < NR_SETTINGS; i++)
		pci_set_quad(ptdma_setting(s, i), s->initial[i]);
	memset(s->pci.wmask + at + SETTINGS_OFFSET, 0xff,
	       SETTINGS_SIZE - SETTINGS_OFFSET);
	return 0;
}

static void realize(PCIDevice *pci, Error **errp)
{
	struct ptdma *s = PTDMA(pci);

	memory_region_init_io(&s->regs, OBJECT(s), &regs_ops, s, TYPE_PTDMA,
			      REGS_SIZE);
	pci_register_bar(pci, REGS_BAR, PCI_BASE_ADDRESS_SPACE_MEMORY, &s->regs);
	if (msix_init_exclusive_bar(pci, 1, MSIX_BAR, errp) ||
	    add_settings(s, errp))
		return;
	msix_vector_use(pci, 0);
	s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, ptdma_finish, s);
}

static void unrealize(PCIDevice *pci)
{
	struct ptdma *s = PTDMA(pci);

	timer_free(s->timer);
	msix_uninit_exclusive_bar(pci);
}

static void reset(DeviceState *dev)
{
	struct ptdma *s = PTDMA(dev);

	timer_del(s->timer);
	s->control = s->tail = s->head = 0;
	s->int_en = s->int_sts = s->status = 0;
	s->busy = s->halted = s->hung = s->raised = false;
}

static Property properties[] = {
	DEFINE_PROP_UINT64("bandwidth", struct ptdma, initial[BANDWIDTH], 0),
	DEFINE_PROP_UINT64("latency_ns", struct ptdma, initial[LATENCY_NS], 0),
	DEFINE_PROP_UINT64("error-every", struct ptdma, initial[ERROR_EVERY], 0),
	DEFINE_PROP_UINT64("error-code", struct ptdma, initial[ERROR_CODE],
			   BUS_ERROR),
	DEFINE_PROP_UINT64("hang-every", struct ptdma, initial[HANG_EVERY], 0),
	DEFINE_PROP_UINT64("corrupt-every", struct ptdma,
			   initial[CORRUPT_EVERY], 0),
	DEFINE_PROP_END_OF_LIST(),
};

static void class_init(ObjectClass *class, void *data)
{
	PCIDeviceClass *pci = PCI_DEVICE_CLASS(class);
	DeviceClass *dev = DEVICE_CLASS(class);

	/* Another qemu's layout would be written all over. */
	if (object_type_get_instance_size(TYPE_PCI_DEVICE) != sizeof(PCIDevice)) {
		error_report(TYPE_PTDMA " was built with the headers of "
			     "another qemu: build it anew");
		exit(1);
	}
	pci->realize = realize;
	pci->exit = unrealize;
	pci->vendor_id = PCI_VENDOR_ID_AMD;
	pci->device_id = DEVICE_ID;
	pci->class_id = PCI_CLASS_SYSTEM_DMA;
	dev->reset = reset;
	dev->desc = "AMD PTDMA, as the kernel's driver sees it";
	device_class_set_props(dev, properties);
}

static void register_types(void)
{
	static InterfaceInfo interfaces[] = {
		{ INTERFACE_CONVENTIONAL_PCI_DEVICE },
		{ },
	};
	static const TypeInfo info = {
		.name = TYPE_PTDMA,
		.parent = TYPE_PCI_DEVICE,
		.instance_size = sizeof(struct ptdma),
		.class_init = class_init,
		.interfaces = interfaces,
	};

	type_register_static(&info);
}

type_init(register_types)
