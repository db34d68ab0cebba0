#include "os/private.hpp"

#include <boost/log/core.hpp>
