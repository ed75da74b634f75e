// sd-bus, only for the module Bus.
#ifndef GATEKEEL_CSDBUS_H
#define GATEKEEL_CSDBUS_H

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#endif
