// The doors for flow control are every node's: overlay/backlog.h.
#pragma once

#include "overlay/backlog.h"  // IWYU pragma: export
