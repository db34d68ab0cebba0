#pragma once

#include <string>

#include "os/descriptor.hpp"

namespace servicekit::test {

/// A FIFO, at which whoever reads it waits until the test opens the gate.
class Gate {
public:
    explicit Gate(std::string path);

    [[nodiscard]] const std::string& path() const { return path_; }
    /// Waits until somebody has come to read it, who is held from then on.
    void await_arrival();
    /// Lets them read the end of it.
    void open() { writer_.reset(); }

private:
    std::string path_;
    os::Descriptor writer_;
};

}  // namespace servicekit::test
