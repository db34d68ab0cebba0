;;;; The load event: it runs when the service starts and at each reload.

(setf (service:name) "greeter"
      (service:run-directory) "run"
      (service:setting "log-file") "greeter.log")

(defpackage "GREETER" (:use "CL"))
(in-package "GREETER")

(defvar *greeting* "hello")

(defun greet (name)
  (service:count-greeting)
  (format nil "~A, ~A" *greeting* name))

;; Quoted as text, which is read when the event runs: it may name a package that does not exist yet.
(service:on-start
  "(defpackage \"LATER\" (:use \"CL\"))"
  "(defvar later::*started* t)"
  "(service:log :info \"a greeter in ~A\" (lisp-implementation-type))")

(service:define-event "greet" ((name :description "whom") (loud :type :boolean :default nil))
  "greets somebody"
  (let ((text (greet name)))
    (list :text (if loud (string-upcase text) text))))
