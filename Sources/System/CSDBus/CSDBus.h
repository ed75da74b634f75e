// sd-bus, for the module Bus alone: variadic functions and macros do not import into Swift, so they are wrapped here.
#ifndef GATEKEEL_CSDBUS_H
#define GATEKEEL_CSDBUS_H

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#endif
