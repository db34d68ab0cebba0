# Debian packages: `cpack --preset debian` makes them from a build with the preset `debian`. A static library has no
# packages for programs where they run, only those for builds.
set(soversion "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
set(version "${PROJECT_VERSION}-1")
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "${SERVICEKIT_MAINTAINER}")
set(CPACK_PACKAGE_DIRECTORY "${PROJECT_BINARY_DIR}/packages")
set(CPACK_PACKAGING_INSTALL_PREFIX "/usr")
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
# Each package has a description of its own.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_PRE_BUILD_SCRIPTS "${PROJECT_SOURCE_DIR}/packaging/debian/add_documents.cmake")
set(CPACK_SERVICEKIT_VERSION "${version}")

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SOURCE servicekit)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${PROJECT_BINARY_DIR}")
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

# Declares a package: a group of components.
macro(servicekit_package group name section components depends description)
    set(CPACK_DEBIAN_${group}_PACKAGE_NAME "${name}")
    set(CPACK_DEBIAN_${group}_PACKAGE_SECTION "${section}")
    set(CPACK_DEBIAN_${group}_PACKAGE_DEPENDS "${depends}")
    set(CPACK_DEBIAN_${group}_DESCRIPTION "${description}")
    foreach(component IN ITEMS ${components})
        string(TOUPPER "${component}" key)
        string(TOLOWER "${group}" CPACK_COMPONENT_${key}_GROUP)
        list(APPEND CPACK_COMPONENTS_ALL ${component})
    endforeach()
endmacro()

set(CPACK_COMPONENTS_ALL "")
set(about "servicekit gives programs a background start with a true result, a lock,
a log, signals and commands over a unix socket.")
set(needed "libservicekit${soversion} (= ${version})")
if(SERVICEKIT_LINKS_BOOST)
    set(needed "libboost-log${Boost_VERSION_MAJOR}.${Boost_VERSION_MINOR}-dev, zlib1g-dev")
else()
    servicekit_package(LIBRARY libservicekit${soversion} libs runtime "" "framework for unix services in C++
${about}
.
This package has the shared library.")
    set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA "${PROJECT_SOURCE_DIR}/packaging/debian/triggers")
endif()

set(components servicekit)
if(TARGET servicekit_mocks)
    list(APPEND components mocks)
    set(CPACK_DEBIAN_DEV_PACKAGE_RECOMMENDS libgmock-dev)
endif()
servicekit_package(DEV libservicekit-dev libdevel "${components}" "${needed}" "framework for unix services in C++ (development files)
${about}
.
This package has the headers, the files for CMake and pkg-config, and mocks
for the tests of services. The mocks need GoogleMock.")

if(TARGET servicekit_cluster)
    if(SERVICEKIT_LINKS_BOOST)
        set(needed "libservicekit-dev (= ${version}), libcurl4-openssl-dev")
    else()
        servicekit_package(CLUSTER libservicekit-cluster${soversion} libs cluster_runtime "libservicekit${soversion} (= ${version})" "lock in etcd for services that use servicekit
${about}
.
This package has the shared library of its component cluster, by which at
most one instance of a service in a cluster is active.")
        set(CPACK_DEBIAN_CLUSTER_PACKAGE_CONTROL_EXTRA "${PROJECT_SOURCE_DIR}/packaging/debian/triggers")
        set(needed "libservicekit-dev (= ${version}), libservicekit-cluster${soversion} (= ${version})")
    endif()
    servicekit_package(CLUSTER_DEV libservicekit-cluster-dev libdevel cluster "${needed}" "lock in etcd for services that use servicekit (development files)
${about}
.
This package has the headers and the files for CMake and pkg-config of its
component cluster.")
endif()

if(TARGET servicekit_lisp)
    if(NOT SERVICEKIT_LINKS_BOOST)
        set(needed "libservicekit${soversion} (= ${version})")
    endif()
    if(SERVICEKIT_LINKS_BOOST)
        set(needed "libservicekit-dev (= ${version}), libecl-dev")
    else()
        servicekit_package(LISP libservicekit-lisp${soversion} libs lisp_runtime "${needed}" "embedded Lisp for services that use servicekit
${about}
.
This package has the shared library of its component lisp, which embeds ECL.")
        set(CPACK_DEBIAN_LISP_PACKAGE_CONTROL_EXTRA "${PROJECT_SOURCE_DIR}/packaging/debian/triggers")
        set(needed "libservicekit-dev (= ${version}), libservicekit-lisp${soversion} (= ${version})")
    endif()
    servicekit_package(LISP_DEV libservicekit-lisp-dev libdevel lisp "${needed}" "embedded Lisp for services that use servicekit (development files)
${about}
.
This package has the headers and the CMake file of its component lisp.")
endif()

if(TARGET servicectl)
    set(needed "")
    if(NOT SERVICEKIT_LINKS_BOOST)
        set(needed "libservicekit${soversion} (= ${version})")
    endif()
    servicekit_package(SERVICECTL servicectl admin servicectl "${needed}" "control of unix services that use servicekit
${about}
.
This package has the program servicectl, which lists and controls all such
services of a machine, its completion for shells, and the man page
servicekit(7), which is about all of them.")
endif()

servicekit_package(DOC servicekit-doc doc documentation "" "framework for unix services in C++ (documentation)
${about}
.
This package has its guide, reference and examples.")
set(CPACK_DEBIAN_DOC_PACKAGE_ARCHITECTURE all)

include(CPack)
