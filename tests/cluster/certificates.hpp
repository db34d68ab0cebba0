#pragma once

#include <string>

#include "integration/support/command.hpp"

namespace servicekit::test {

/// An authority that signs certificates, with openssl(1).
class Authority {
public:
    /// Makes DIRECTORY/NAME.pem and its key.
    Authority(std::string directory, std::string name);

    [[nodiscard]] std::string certificate() const { return file(name_ + ".pem"); }
    /// Makes DIRECTORY/NAME.pem and DIRECTORY/NAME.key, for the loopback, as a server and as a client. \param days it is
    /// valid; 0: it expires at once, and this waits until it has
    void sign(const std::string& name, int days = 1) const;

    [[nodiscard]] std::string file(const std::string& name) const { return directory_ + "/" + name; }

private:
    void openssl(const std::string& arguments) const;

    std::string directory_;
    std::string name_;
};

}  // namespace servicekit::test
