/* SPDX-License-Identifier: MIT */
#ifndef GUEST_PROFILE_WINDOW_H
#define GUEST_PROFILE_WINDOW_H

/*
 * What is executed between window_begin() and window_end() is counted when a
 * guest runs under insns.c; windows one after the other are added up into one
 * result, until window_next() begins another. Everywhere else they do nothing.
 * Good for programs and for modules. The machine is watched, not the caller: a
 * window may begin in one thread and end in another.
 */
#define WINDOW_BEGIN	0x6d696700
#define WINDOW_END	0x6d696701
#define WINDOW_NEXT	0x6d696702

#define WINDOW_TEXT_(n)	#n
#define WINDOW_TEXT(n)	WINDOW_TEXT_(n)
/* Seven bytes, 0f 1f 80 and the value: a nop which no compiler makes. */
#define WINDOW_NOP(n)	"nopl " WINDOW_TEXT(n) "(%%rax)"

static inline void window_begin(void)
{
	__asm__ volatile(WINDOW_NOP(WINDOW_BEGIN) : : : "memory");
}

static inline void window_end(void)
{
	__asm__ volatile(WINDOW_NOP(WINDOW_END) : : : "memory");
}

static inline void window_next(void)
{
	__asm__ volatile(WINDOW_NOP(WINDOW_NEXT) : : : "memory");
}

#endif
