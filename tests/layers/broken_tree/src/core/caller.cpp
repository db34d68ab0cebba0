#include <unistd.h>
#include <csignal>

#include <boost/optional.hpp>

#include "servicekit/core/high.hpp"
#include "surprise/unknown.hpp"
