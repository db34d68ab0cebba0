// expect: servicekit/lisp needs the component lisp: find_package(servicekit COMPONENTS lisp), link servicekit::lisp

#include "servicekit/lisp/lisp.hpp"
