// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device node, the parameters, and what an open file is.
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "bridge.h"

#define parameter(name, type, mode, text)			\
	module_param_named(name, bridge_##name, type, mode);	\
	MODULE_PARM_DESC(name, text)

/* -EINVAL to who sets it to something else. */
#define bounded(name, least, most, text)				\
	static int set_##name(const char *value,			\
			      const struct kernel_param *kp)		\
	{								\
		return param_set_uint_minmax(value, kp, least, most);	\
	}								\
	static const struct kernel_param_ops ops_##name = {		\
		.set = set_##name, .get = param_get_uint,		\
	};								\
	module_param_cb(name, &ops_##name, &bridge_##name, 0644);	\
	MODULE_PARM_DESC(name, text)

unsigned int bridge_max_copies = 4096;
bounded(max_copies, 1, UINT_MAX, "most copies in a group");
unsigned long bridge_max_bytes = 64ul << 20;
parameter(max_bytes, ulong, 0644, "most bytes in a group");
unsigned long bridge_max_in_flight = 1ul << 30;
parameter(max_in_flight, ulong, 0644, "most bytes in flight of an open file");
unsigned long bridge_max_all = 4ul << 30;
parameter(max_all, ulong, 0644, "most bytes in flight of all files");
unsigned int bridge_timeout_ms = 5000;
bounded(timeout_ms, 1, 3600000,
	"a channel that has not ended a copy after so long is given up");
unsigned int bridge_depth = 64;
bounded(depth, 1, 65536, "most descriptors with a channel at once");
unsigned int bridge_chunk_bytes = 256u << 10;
parameter(chunk_bytes, uint, 0644,
	  "small copies are mapped and waited for together up to this size");
unsigned int bridge_desc_bytes = 2u << 20;
parameter(desc_bytes, uint, 0644, "longest descriptor; 0: no limit");
unsigned int bridge_check = MIGSIM_DMA_CHECK_TAIL;
bounded(check, MIGSIM_DMA_CHECK_NONE, MIGSIM_DMA_CHECK_FULL,
	"look at what was copied: 0 not at all, 1 the end of each page, 2 all");
char *bridge_driver;
parameter(driver, charp, 0444, "only channels of this driver");
char *bridge_name;
parameter(name, charp, 0444, "only this channel, or those of this device");
int bridge_node = MIGSIM_DMA_NODE_ANY;
parameter(node, int, 0444, "only channels of devices on this node");

static int bridge_open(struct inode *inode, struct file *filp)
{
	struct bridge_file *file = kzalloc(sizeof(*file), GFP_KERNEL_ACCOUNT);

	if (!file)
		return -ENOMEM;
	/* Not mmget: the memory itself is not to be kept. */
	mmgrab(current->mm);
	file->mm = current->mm;
	file->cred = get_current_cred();
	mutex_init(&file->claim);
	spin_lock_init(&file->lock);
	INIT_LIST_HEAD(&file->groups);
	filp->private_data = file;
	return 0;
}

static int bridge_close(struct inode *inode, struct file *filp)
{
	struct bridge_file *file = filp->private_data;

	bridge_release(file);
	put_cred(file->cred);
	mmdrop(file->mm);
	kfree(file);
	return 0;
}

static const struct file_operations bridge_fops = {
	.owner = THIS_MODULE,
	.open = bridge_open,
	.release = bridge_close,
	.uring_cmd = bridge_uring_cmd,
	.llseek = noop_llseek,
};

static struct miscdevice bridge_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "migsim_dma",
	.fops = &bridge_fops,
	.mode = 0600,
	.groups = bridge_attributes,
};

static int __init bridge_init(void)
{
	int rc;

	BUILD_BUG_ON(sizeof(struct migsim_dma_cmd) != 16);
	BUILD_BUG_ON(sizeof(struct migsim_dma_copy) != 32);
	BUILD_BUG_ON(sizeof(struct migsim_dma_info) != 56);
	BUILD_BUG_ON(sizeof(struct migsim_dma_channel) != 112);
	BUILD_BUG_ON(sizeof(struct migsim_dma_claim) != 80);
	rc = bridge_watch();
	if (rc)
		return rc;
	rc = misc_register(&bridge_misc);
	if (rc)
		bridge_unwatch();
	return rc;
}

/* No file is open, and nothing is in quarantine: both hold the module. */
static void __exit bridge_exit(void)
{
	misc_deregister(&bridge_misc);
	/* While a driver that leaves is still seen: it frees its channels. */
	mutex_lock(&bridge_channels_lock);
	bridge_channels_sweep();
	mutex_unlock(&bridge_channels_lock);
	bridge_unwatch();
	/* Callbacks that have counted and not yet returned. */
	synchronize_rcu();
}

module_init(bridge_init);
module_exit(bridge_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Copies between pages of a process by dmaengine channels");
