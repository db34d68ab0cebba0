#pragma once

namespace servicekit {

struct Deployment;

/// What the policies of all four axes have in common. A policy is copied or moved into its service before it is used.
class Policy {
public:
    virtual ~Policy() = default;
    /// Called before anything else is asked of the policy, with what the settings say.
    virtual void configure(const Deployment& /*deployment*/) {}

protected:
    Policy() = default;
    Policy(const Policy&) = default;
    Policy(Policy&&) = default;
    Policy& operator=(const Policy&) = default;
    Policy& operator=(Policy&&) = default;
};

}  // namespace servicekit
