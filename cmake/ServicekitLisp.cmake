# The component lisp embeds ECL, so that operators can inspect a running service. It is a separate library, so that
# nothing else needs ECL.
set(SERVICEKIT_LISP AUTO CACHE STRING "Build the component lisp: ON, OFF, or AUTO: if ECL 21.2 or 24.5 is found")
set_property(CACHE SERVICEKIT_LISP PROPERTY STRINGS AUTO ON OFF)
if(NOT SERVICEKIT_LISP)
    return()
endif()

# src/lisp/*.cpp is compiled without ECL, too, for the tests.
file(GLOB servicekit_lisp_sources CONFIGURE_DEPENDS "src/lisp/*.cpp")
file(GLOB servicekit_ecl_sources CONFIGURE_DEPENDS "src/lisp/ecl/*.cpp")
file(GLOB servicekit_lisp_headers CONFIGURE_DEPENDS "include/servicekit/lisp/*.hpp")

foreach(source IN ITEMS service evaluation swank)
    set(path "${PROJECT_SOURCE_DIR}/src/lisp/ecl/sources/${source}.lisp")
    file(READ "${path}" "lisp_source_${source}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${path}")
endforeach()
configure_file("src/lisp/ecl/sources.cpp.in" "${PROJECT_BINARY_DIR}/lisp/sources.cpp" @ONLY)

add_library(servicekit_lisp_parts OBJECT EXCLUDE_FROM_ALL ${servicekit_lisp_sources} "${PROJECT_BINARY_DIR}/lisp/sources.cpp")
servicekit_target(servicekit_lisp_parts)
target_include_directories(servicekit_lisp_parts PRIVATE src)
target_compile_definitions(servicekit_lisp_parts PUBLIC SERVICEKIT_HAS_LISP)
target_link_libraries(servicekit_lisp_parts PUBLIC servicekit)
set_target_properties(servicekit_lisp_parts PROPERTIES POSITION_INDEPENDENT_CODE ON)

find_path(SERVICEKIT_ECL_INCLUDE_DIR ecl/ecl.h)
find_library(SERVICEKIT_ECL_LIBRARY ecl)
mark_as_advanced(SERVICEKIT_ECL_INCLUDE_DIR SERVICEKIT_ECL_LIBRARY)
set(SERVICEKIT_ECL_VERSION 0)
if(SERVICEKIT_ECL_INCLUDE_DIR AND SERVICEKIT_ECL_LIBRARY)
    file(STRINGS "${SERVICEKIT_ECL_INCLUDE_DIR}/ecl/config.h" lines REGEX "define ECL_VERSION_NUMBER")
    string(REGEX MATCH "[0-9]+" SERVICEKIT_ECL_VERSION "${lines}")
endif()
set(fault "")
# The component relies on how threads and signals work in these releases. ON accepts other releases.
set(tried_releases "21.2 or 24.5")
if(NOT SERVICEKIT_ECL_VERSION)
    set(fault "ECL ${tried_releases} was not found (in Debian: ecl libecl-dev)")
elseif(SERVICEKIT_ECL_VERSION LESS 210200)
    set(fault "ECL 21.2 or later is needed, and ${SERVICEKIT_ECL_LIBRARY} is ${SERVICEKIT_ECL_VERSION}")
elseif(SERVICEKIT_LISP STREQUAL "AUTO" AND NOT SERVICEKIT_ECL_VERSION MATCHES "^(2102|2405)..$")
    set(fault "${SERVICEKIT_ECL_LIBRARY} is ${SERVICEKIT_ECL_VERSION}, and only ${tried_releases} was tested (SERVICEKIT_LISP=ON accepts it)")
else()
    # Its headers include those of other libraries, which its package may not install.
    include(CheckCXXSourceCompiles)
    set(CMAKE_REQUIRED_INCLUDES "${SERVICEKIT_ECL_INCLUDE_DIR}")
    check_cxx_source_compiles("#include <ecl/ecl.h>\nint main() {}" SERVICEKIT_ECL_HEADER_COMPILES)
    unset(CMAKE_REQUIRED_INCLUDES)
    if(NOT SERVICEKIT_ECL_HEADER_COMPILES)
        # The next run of CMake checks again.
        unset(SERVICEKIT_ECL_HEADER_COMPILES CACHE)
        set(fault "${SERVICEKIT_ECL_INCLUDE_DIR}/ecl/ecl.h does not compile: a header that it includes is missing (in Debian: ecl)")
    endif()
endif()
if(fault)
    if(NOT SERVICEKIT_LISP STREQUAL "AUTO")
        message(FATAL_ERROR "SERVICEKIT_LISP is ${SERVICEKIT_LISP}: ${fault}")
    endif()
    message(STATUS "The component lisp is left out: ${fault}")
    return()
endif()

add_library(servicekit_lisp ${servicekit_ecl_sources} $<TARGET_OBJECTS:servicekit_lisp_parts>)
servicekit_target(servicekit_lisp)
target_sources(servicekit_lisp PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${servicekit_lisp_headers})
target_include_directories(servicekit_lisp PRIVATE src)
target_include_directories(servicekit_lisp SYSTEM PRIVATE "${SERVICEKIT_ECL_INCLUDE_DIR}")
target_compile_definitions(servicekit_lisp PUBLIC SERVICEKIT_HAS_LISP PRIVATE GC_NO_THREAD_REDIRECTS)
target_link_libraries(servicekit_lisp PUBLIC servicekit
    PRIVATE $<BUILD_INTERFACE:${SERVICEKIT_ECL_LIBRARY}> $<INSTALL_INTERFACE:ecl>)
set_target_properties(servicekit_lisp PROPERTIES
    EXPORT_NAME lisp
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    POSITION_INDEPENDENT_CODE ON)
add_library(servicekit::lisp ALIAS servicekit_lisp)
