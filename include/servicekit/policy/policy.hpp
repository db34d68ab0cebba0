#pragma once

namespace servicekit {

struct Deployment;

/// The common base of the four kinds of policy. A policy is copied or moved into its service before it is used.
class Policy {
public:
    virtual ~Policy() = default;
    /// Takes the settings. Called before any other function.
    virtual void configure(const Deployment& /*deployment*/) {}

protected:
    Policy() = default;
    Policy(const Policy&) = default;
    Policy(Policy&&) = default;
    Policy& operator=(const Policy&) = default;
    Policy& operator=(Policy&&) = default;
};

}  // namespace servicekit
