#pragma once

/// Includes all policies of the library.

#include "servicekit/basic_service.hpp"
#include "servicekit/policies/control/no_control.hpp"
#include "servicekit/policies/control/unix_socket_control.hpp"
#include "servicekit/policies/daemon/foreground.hpp"
#include "servicekit/policies/daemon/forking_daemon.hpp"
#include "servicekit/policies/daemon/systemd_notify.hpp"
#include "servicekit/policies/lock/no_lock.hpp"
#include "servicekit/policies/lock/pid_file_lock.hpp"
#include "servicekit/policies/log/console_log.hpp"
#include "servicekit/policies/log/file_log.hpp"
#include "servicekit/policies/log/journal_log.hpp"
#include "servicekit/policies/log/no_log.hpp"
#include "servicekit/policies/log/pipe_log.hpp"
#include "servicekit/policies/log/syslog_log.hpp"
