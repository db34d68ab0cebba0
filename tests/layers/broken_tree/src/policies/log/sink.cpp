#include <boost/interprocess/sync/file_lock.hpp>
#include <boost/log/core.hpp>

#include "core/caller.hpp"
