#include "servicekit/lisp/lisp.hpp"
#include "servicekit/lisp/machine.hpp"

namespace servicekit {

Lisp::Lisp(ServiceBase& service) : Lisp{service, Options{}} {}

Lisp::Lisp(ServiceBase& service, Options options) : Lisp{service, std::move(options), lisp::make_ecl()} {}

}  // namespace servicekit
