// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices and parameters.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "swdma.h"

#define MAX_DEVICES	64u

#define parameter(name, type, text)				\
	module_param_named(name, swdma_##name, type, 0644);	\
	MODULE_PARM_DESC(name, text)

static unsigned int devices = 1;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "how many");
static unsigned int channels = 16;
module_param(channels, uint, 0444);
MODULE_PARM_DESC(channels, "of each device");
static int node = NUMA_NO_NODE;
module_param(node, int, 0444);
MODULE_PARM_DESC(node, "of the devices");

unsigned int swdma_latency_us;
parameter(latency_us, uint, "of each descriptor");
unsigned long swdma_bandwidth;
parameter(bandwidth, ulong, "bytes per second of a channel; 0: as it comes");
unsigned int swdma_slots;
parameter(slots, uint, "most descriptors of a channel; 0: no limit");
unsigned int swdma_refuse_every;
parameter(refuse_every, uint, "every so many preparations of a channel fail");
unsigned int swdma_fail_every;
parameter(fail_every, uint, "every so many copies of a channel end with an error");
unsigned int swdma_skip_every;
parameter(skip_every, uint, "… are not done, and reported as done");
unsigned int swdma_corrupt_every;
parameter(corrupt_every, uint, "… have a wrong byte, and are reported as done");
unsigned int swdma_hang_every;
parameter(hang_every, uint, "… stop the channel until unhang is written");
unsigned int swdma_hang_channels;
parameter(hang_channels, uint, "only the first so many channels hang; 0: all");
bool swdma_out_of_order;
parameter(out_of_order, bool, "the newest descriptor first");

static struct platform_device *platform[MAX_DEVICES];
/* What they have at their driver. Not the device's lock: who unbinds holds that
 * until all channels are at rest, also those that hang.
 */
static DEFINE_MUTEX(bound);

static void for_all(void (*what)(struct swdma_channel *channel))
{
	unsigned int i, j;

	mutex_lock(&bound);
	for (i = 0; i < MAX_DEVICES && platform[i]; i++) {
		struct swdma_device *sw = platform_get_drvdata(platform[i]);

		for (j = 0; sw && j < sw->nr; j++)
			what(&sw->channels[j]);
	}
	mutex_unlock(&bound);
}

/* The copies that hang are done now, late. */
static int unhang_set(const char *value, const struct kernel_param *kp)
{
	for_all(swdma_unhang);
	return 0;
}

static unsigned int nr_hung;

static void count_hung(struct swdma_channel *channel)
{
	nr_hung += READ_ONCE(channel->hung) != NULL;
}

/* One at a time: the lock of the module's parameters is held. */
static int unhang_get(char *buf, const struct kernel_param *kp)
{
	nr_hung = 0;
	for_all(count_hung);
	return sysfs_emit(buf, "%u\n", nr_hung);
}

static const struct kernel_param_ops unhang_ops = {
	.set = unhang_set,
	.get = unhang_get,
};
module_param_cb(unhang, &unhang_ops, NULL, 0600);
MODULE_PARM_DESC(unhang, "how many channels hang; written to: they go on");

static int channel_init(struct swdma_device *sw, unsigned int i)
{
	struct swdma_channel *channel = &sw->channels[i];
	struct task_struct *thread;

	init_waitqueue_head(&channel->wait);
	init_waitqueue_head(&channel->idle);
	spin_lock_init(&channel->lock);
	INIT_LIST_HEAD(&channel->submitted);
	INIT_LIST_HEAD(&channel->waiting);
	init_llist_head(&channel->done);
	init_irq_work(&channel->interrupt, swdma_interrupt);
	channel->chan.device = &sw->dma;
	channel->chan.cookie = DMA_MIN_COOKIE;
	channel->chan.completed_cookie = DMA_MIN_COOKIE;
	thread = kthread_run(swdma_thread, channel, "swdma/%u", i);
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	channel->thread = thread;
	list_add_tail(&channel->chan.device_node, &sw->dma.channels);
	sw->nr++;
	return 0;
}

static void stop(struct swdma_device *sw)
{
	unsigned int i;

	for (i = 0; i < sw->nr; i++) {
		kthread_stop(sw->channels[i].thread);
		irq_work_sync(&sw->channels[i].interrupt);
	}
}

static void set_bound(struct swdma_device *sw, void *data)
{
	mutex_lock(&bound);
	dev_set_drvdata(sw->dma.dev, data);
	mutex_unlock(&bound);
}

static void unregister(void *data)
{
	struct swdma_device *sw = data;

	set_bound(sw, NULL);
	stop(sw);
	/* May free it. */
	dma_async_device_unregister(&sw->dma);
}

static void release(struct dma_device *dma)
{
	kfree(container_of(dma, struct swdma_device, dma));
}

static int probe(struct platform_device *pdev)
{
	struct swdma_device *sw;
	unsigned int i;
	int rc;

	rc = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (rc)
		return rc;
	sw = kzalloc(struct_size(sw, channels, channels), GFP_KERNEL);
	if (!sw)
		return -ENOMEM;
	sw->dma.dev = &pdev->dev;
	sw->dma.device_release = release;
	INIT_LIST_HEAD(&sw->dma.channels);
	swdma_operations(&sw->dma);
	for (i = 0; i < channels && !rc; i++)
		rc = channel_init(sw, i);
	if (!rc)
		rc = dma_async_device_register(&sw->dma);
	if (rc) {
		stop(sw);
		kfree(sw);
		return rc;
	}
	set_bound(sw, sw);
	return devm_add_action_or_reset(&pdev->dev, unregister, sw);
}

static struct platform_driver driver = {
	.probe = probe,
	.driver = { .name = "migsim_swdma" },
};

static void remove_all(void)
{
	unsigned int i;

	for (i = 0; i < MAX_DEVICES && platform[i]; i++)
		platform_device_unregister(platform[i]);
	platform_driver_unregister(&driver);
}

static int add_one(unsigned int i)
{
	struct platform_device *pdev = platform_device_alloc("migsim_swdma",
							     (int)i);
	int rc;

	if (!pdev)
		return -ENOMEM;
	set_dev_node(&pdev->dev, node);
	rc = platform_device_add(pdev);
	if (rc) {
		platform_device_put(pdev);
		return rc;
	}
	platform[i] = pdev;
	return 0;
}

static int __init swdma_init(void)
{
	unsigned int i;
	int rc;

	if (!devices || devices > MAX_DEVICES || !channels || channels > 256)
		return -EINVAL;
	if (node != NUMA_NO_NODE && (node < 0 || node >= MAX_NUMNODES ||
				     !node_online(node)))
		return -EINVAL;
	rc = platform_driver_register(&driver);
	if (rc)
		return rc;
	for (i = 0; i < devices && !rc; i++)
		rc = add_one(i);
	if (rc)
		remove_all();
	return rc;
}

static void __exit swdma_exit(void)
{
	remove_all();
}

module_init(swdma_init);
module_exit(swdma_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("dmaengine channels in software, for tests");
