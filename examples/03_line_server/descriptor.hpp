#pragma once

#include <unistd.h>

#include <utility>

/// A file descriptor, closed at the end of its scope.
class Descriptor {
public:
    /// \param number negative if there is none
    explicit Descriptor(int number = -1) noexcept : number_{number} {}
    ~Descriptor() {
        if (number_ >= 0) close(number_);
    }
    Descriptor(Descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        Descriptor old{std::exchange(number_, std::exchange(other.number_, -1))};
        return *this;
    }

    [[nodiscard]] int get() const noexcept { return number_; }
    explicit operator bool() const noexcept { return number_ >= 0; }

private:
    int number_;
};
