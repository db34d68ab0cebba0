#pragma once

namespace servicekit {

class ControlPolicy;
class DaemonPolicy;
class LockPolicy;
class LogPolicy;

/// The four policies of a service, as core uses them. The class that owns the policies derives from it.
struct PolicyReferences {
    /// \pre the policies live as long as this object
    PolicyReferences(DaemonPolicy& the_daemon, LockPolicy& the_lock, LogPolicy& the_log, ControlPolicy& the_control)
        : daemon{the_daemon}, lock{the_lock}, log{the_log}, control{the_control} {}
    PolicyReferences(const PolicyReferences&) = delete;
    PolicyReferences& operator=(const PolicyReferences&) = delete;
    virtual ~PolicyReferences() = default;

    DaemonPolicy& daemon;    ///< moves the service to the background, or does not
    LockPolicy& lock;        ///< keeps other instances out
    LogPolicy& log;          ///< where log lines go
    ControlPolicy& control;  ///< how clients reach the service
};

}  // namespace servicekit
