/* SPDX-License-Identifier: MIT */
#ifndef MIGSIM_H
#define MIGSIM_H

#include <migsim/engine.h>
#include <migsim/log.h>
#include <migsim/migrate.h>
#include <migsim/model.h>
#include <migsim/param.h>
#include <migsim/policy.h>
#include <migsim/profile.h>
#include <migsim/report.h>
#include <migsim/space.h>
#include <migsim/stats.h>
#include <migsim/sysinfo.h>
#include <migsim/topology.h>
#include <migsim/types.h>
#include <migsim/version.h>

#endif
