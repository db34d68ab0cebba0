;;;; The package for the Lisp code of a service, and calls from Lisp to the service.

(defpackage "SERVICE-EVAL"
  (:use "CL"))

(defpackage "SERVICE"
  (:use "CL")
  (:shadow "LOG")
  (:export "HOST-ERROR" "HOST-ERROR-TYPE" "EXIT-REFUSED" "*ARGUMENTS*"
           "NAME" "RUN-DIRECTORY" "SETTING" "CLIENT-P" "RELOAD-P" "STATUS" "TRIGGER" "LOG" "PROGRESS"
           "ON-START" "ON-STOP" "ON-KILL" "ON-RELOAD" "ON-STATUS" "ON-EVENT" "DEF-EVENT-SETTER" "DEFINE-EVENT"))

(in-package "SERVICE-EVAL")

(define-condition service:host-error (error)
  ((text :initarg :text :initform "")
   (type :initarg :type :initform "" :reader service:host-error-type))
  (:documentation "What the service answers in place of a value: an exception of its own, or an error code.")
  (:report (lambda (condition stream) (write-string (slot-value condition 'text) stream))))

;;; Values for the service: nil, t, keywords, fixnums, double floats, strings, lists, and
;;; vectors, which represent objects.

(defun property-list-p (value)
  (and (consp value)
       (ignore-errors (list-length value))
       (evenp (length value))
       (loop for (key) on value by #'cddr always (keywordp key))))

(defun encode-object (list depth)
  (coerce (loop for (key value) on list by #'cddr
                collect (encode-key key)
                collect (encode value depth))
          'simple-vector))

(defun encode-key (key)
  (let ((name (string key)))
    (if (some #'lower-case-p name) name (string-downcase name))))

(defun encode (value &optional (depth 60))
  "VALUE as the service takes it. Lists that begin with a keyword and alternate are objects, as hash tables are."
  (when (minusp depth) (error "A value for the service is nested too deeply."))
  (typecase value
    ((or null (eql t) fixnum double-float) value)
    (string (coerce value 'simple-string))
    (keyword value)
    (symbol (encode-key value))
    (character (string value))
    (integer (coerce value 'double-float))
    (real (coerce value 'double-float))
    (pathname (namestring value))
    (cons (cond ((not (ignore-errors (list-length value))) (error "A value for the service is not a proper list."))
                ((property-list-p value) (encode-object value (1- depth)))
                (t (loop for item in value collect (encode item (1- depth))))))
    (hash-table (encode-object (loop for key being the hash-keys of value using (hash-value item)
                                     collect key collect item)
                               (1- depth)))
    (vector (loop for item across value collect (encode item (1- depth))))
    (t (princ-to-string value))))

;;; Interrupts are disabled while a thread runs the service's own code, and enabled while it runs a task. So no
;;; interrupt leaves the service's own code half done.

(defvar *job* nil "The job that this thread does; of those within each other, the innermost.")

(defvar *interruptible* nil
  "Whether this thread may leave its job now. ECL may run what interrupts a thread while it has interrupts off, too.")

(defvar *is-to-leave* nil "Whether it is to leave its job as soon as it may.")

(defun leave-job ()
  (throw 'job (list :interrupted (ignore-errors (backtrace)))))

(defun ask-service (function &rest arguments)
  "Calls FUNCTION of the service. Until it returns, does what the service asks of Lisp."
  (let ((encoded (encode-list arguments))
        (call nil)
        (answer nil))
    (let ((ext:*interrupts-enabled* nil) (*interruptible* nil))
      (unwind-protect
           (progn
             (setf call (%ask function encoded))
             (loop
               (setf answer (%await call))
               (when (eq (first answer) :answer) (return))
               (run-job (rest answer)))
             (setf call nil))
        (when call (%leave call))))
    ;; Otherwise interrupts that arrived while they were disabled would not be noticed.
    (when ext:*interrupts-enabled* (si::check-pending-interrupts))
    (when *is-to-leave* (leave-job))
    (destructuring-bind (ok value text type) (rest answer)
      (if ok
          value
          (error 'service:host-error :text text :type type)))))

(defun encode-list (arguments)
  (loop for argument in arguments collect (encode argument)))

(defun define-host-function (name)
  "Makes (service:NAME ...) a call of the service."
  (let ((symbol (progn (shadow (string-upcase name) "SERVICE") (intern (string-upcase name) "SERVICE"))))
    (export symbol "SERVICE")
    (setf (fdefinition symbol) (lambda (&rest arguments) (apply #'ask-service name arguments)))
    nil))

;;; Functions of every service.

(defvar service:*arguments* '()
  "The arguments of the event that runs, as a property list.")

(defun service:name () (ask-service "setting" "name"))
(defun (setf service:name) (name) (ask-service "set-setting" "name" name))
(defun service:run-directory () (ask-service "setting" "run-directory"))
(defun (setf service:run-directory) (directory) (ask-service "set-setting" "run-directory" directory))

(defun service:setting (name)
  "The value in force of a setting, by the name of its command line option: (service:setting \"log-level\")."
  (ask-service "setting" name))
(defun (setf service:setting) (value name) (ask-service "set-setting" name value))

(defun service:client-p ()
  "True in a verb that talks to a service and needs its name and paths only; false in a service."
  (ask-service "client-p"))

(defun service:reload-p ()
  "Whether the load that runs is a reload. NIL during the first load."
  (ask-service "reload-p"))

(defun service:trigger (event &rest arguments)
  "Runs EVENT and returns its reply, a property list: (service:trigger \"backup\" :directory \"/b\")."
  (ask-service "trigger" event arguments))

(defun service:status () (service:trigger "status"))

(defun service:log (level control &rest arguments)
  "Writes a line to the service's log. LEVEL is :trace, :debug, :info, :warning, :error or :fatal."
  (log-line (string-downcase level) (apply #'format nil control arguments)))

(defun log-line (level text)
  (let ((ext:*interrupts-enabled* nil) (*interruptible* nil))
    (%log (coerce level 'simple-string) (coerce text 'simple-string)))
  nil)

(defun service:progress (done total &optional (text ""))
  "Reports the progress of the event to its caller."
  (ask-service "progress" done total text))

;;; Events in Lisp.

(defvar *handlers* (make-hash-table :test #'equal))

(defun run-handler (name arguments)
  (let ((service:*arguments* arguments))
    (apply (or (gethash name *handlers*) (error "There is no handler of ~S." name))
           arguments)))

(defun run-source (forms)
  "Reads and evaluates each of the texts one form at a time."
  (let ((value nil))
    (dolist (text forms value)
      (with-input-from-string (stream text)
        (loop for form = (read stream nil stream)
              until (eq form stream)
              do (setf value (eval form)))))))

(defun function-of (body)
  "Strings are source, to be read only when the event runs."
  (if (and body (every #'stringp body))
      `(lambda (&key &allow-other-keys)
         (let ((*package* *package*)) (run-source ',body)))
      `(lambda (&key &allow-other-keys) ,@body)))

(defun set-handler (name function description parameters &optional role)
  (let ((earlier (gethash name *handlers*))
        (is-set nil))
    ;; Set first, since the event may run as soon as the service has it.
    (setf (gethash name *handlers*) function)
    (unwind-protect
         (progn
           (ask-service "set-handler" name description (or parameters '()) (and role (string-downcase role)))
           (setf is-set t))
      (cond (is-set)
            (earlier (setf (gethash name *handlers*) earlier))
            (t (remhash name *handlers*)))))
  function)

(defmacro service:on-start (&body body) `(set-handler "start" ,(function-of body) "" :null))
(defmacro service:on-stop (&body body) `(set-handler "stop" ,(function-of body) "" :null))
(defmacro service:on-kill (&body body) `(set-handler "kill" ,(function-of body) "" :null))
(defmacro service:on-reload (&body body) `(set-handler "reload" ,(function-of body) "" :null))
(defmacro service:on-status (&body body) `(set-handler "status" ,(function-of body) "" :null))

(defun parameters-of (function)
  "Each keyword parameter of FUNCTION as one of the event's, a string that need not be given."
  (let ((keys (rest (member '&key (ignore-errors (ext:function-lambda-list function))))))
    (loop for key in keys
          until (member key lambda-list-keywords)
          for variable = (if (consp key) (first key) key)
          for name = (if (consp variable) (first variable) variable)
          collect (list :name (encode-key name) :type "string" :required :false))))

(defun service:on-event (name)
  "The handler of the event NAME, if it is written in Lisp."
  (values (gethash name *handlers*)))

(defun (setf service:on-event) (function name)
  (set-handler name function "" (parameters-of function)))

(defun check-parameter (parameter)
  (destructuring-bind (variable &key (type :string) (description "") (default nil default-p) secret)
      (if (consp parameter) parameter (list parameter))
    (values variable
            `(list :name ,(encode-key variable) :type ,(string-downcase type) :description ,description
                   :required ,(if default-p :false t) :default ,default :secret ,(if secret t :false)))))

(defmacro service:def-event-setter (macro name (&rest parameters) &optional (description ""))
  "Makes (MACRO body...) set the handler of the event NAME; the parameters are those of DEFINE-EVENT."
  `(defmacro ,macro (&body body)
     (list 'set-handler ,name (function-of body) ,description
           '(list ,@(mapcar (lambda (parameter) (nth-value 1 (check-parameter parameter))) parameters)))))

(defmacro service:define-event (name (&rest parameters) &body body)
  "Adds an event, or replaces it. NAME may be a list (\"name\" :needs ROLE): who may ask for the event, :none, :read,
:operate, :admin or :owner; without it an event that is replaced needs what it did, and a new one :operate. A parameter
is a variable, or a list (VARIABLE :type TYPE :description TEXT :default VALUE :secret BOOLEAN); types are those of the
events that are written in C++; one without a default must be given. A string before the body is the event's
description."
  (destructuring-bind (name &key needs) (if (and (consp name) (stringp (first name))) name (list name))
    (let ((description (if (and (stringp (first body)) (rest body)) (pop body) "")))
      `(set-handler ,name
                    (lambda (&key ,@(mapcar (lambda (parameter) (values (check-parameter parameter))) parameters))
                      ,@body)
                    ,description
                    (list ,@(mapcar (lambda (parameter) (nth-value 1 (check-parameter parameter))) parameters))
                    ,@(and needs (list needs))))))
