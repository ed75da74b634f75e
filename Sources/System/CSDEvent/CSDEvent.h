// sd-event, sd-daemon and sd-id128, only for the module EventLoop.
#ifndef GATEKEEL_CSDEVENT_H
#define GATEKEEL_CSDEVENT_H

#include <signal.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>
#include <time.h>

#endif
