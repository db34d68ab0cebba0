#include "cluster/certificates.hpp"

#include <stdexcept>
#include <utility>

#include "integration/support/await.hpp"
#include "integration/support/text_file.hpp"

namespace servicekit::test {

Authority::Authority(std::string directory, std::string name)
    : directory_{std::move(directory)}, name_{std::move(name)} {
    openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout " + name_ + ".key -out " +
            name_ + ".pem -days 2 -subj /CN=" + name_ + " -addext basicConstraints=critical,CA:TRUE");
}

void Authority::sign(const std::string& name, int days) const {
    write_file(file(name + ".ext"),
               "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n");
    openssl("req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout " + name + ".key -out " + name +
            ".csr -subj /CN=" + name);
    openssl("x509 -req -in " + name + ".csr -CA " + name_ + ".pem -CAkey " + name_ + ".key -CAcreateserial -out " +
            name + ".pem -days " + std::to_string(days) + " -extfile " + name + ".ext");
    if (days > 0) return;
    const Command check{.arguments = {"openssl", "x509", "-checkend", "0", "-noout", "-in", name + ".pem"},
                        .directory = directory_};
    await_state("the certificate has expired", [&check] { return run_command(check).exit_code != 0; });
}

void Authority::openssl(const std::string& arguments) const {
    const Outcome outcome =
        run_command({.arguments = {"sh", "-c", "exec openssl " + arguments}, .directory = directory_});
    if (outcome.exit_code != 0) throw std::runtime_error{"openssl " + arguments + ": " + outcome.err};
}

}  // namespace servicekit::test
