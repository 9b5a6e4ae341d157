#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What can go wrong in a guest, for selftest.sh.
case $1 in
passes | comes_later) exit 0 ;;
skips) echo 'there is no such thing here'; exit 77 ;;
fails) echo 'what it said'; exit 3 ;;
crashes) kill -SEGV $$ ;;
hangs) sleep 1000 ;;
warns) echo '<4>WARNING: CPU: 0 PID: 1 at mm/nowhere.c:1' >/dev/kmsg ;;
fails_then_panics) ((ROUND < 3)) || echo c >/proc/sysrq-trigger; exit $((ROUND - 1)) ;;
panics) echo c >/proc/sysrq-trigger ;;
esac
