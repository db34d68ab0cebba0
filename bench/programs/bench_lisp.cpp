// Measured by bench/lisp: a plain service with a Lisp, which boots when it is first used.
#include <servicekit/lisp/lisp.hpp>
#include <servicekit/main.hpp>
#include <servicekit/service.hpp>

int main(int argc, char** argv) {
    servicekit::Service service{{.name = "bench-lisp", .version = "1.0"}};
    const servicekit::Lisp lisp{service};
    return servicekit::service_main(argc, argv, service);
}
