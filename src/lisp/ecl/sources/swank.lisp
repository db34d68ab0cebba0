;;;; Swank, for editors. Evaluated before the first server starts. SERVICE:*ARGUMENTS* has
;;;; the directory of Swank's sources.

(in-package "SERVICE-EVAL")

(defun swank-sources (directory)
  "The directory of Swank's sources: DIRECTORY, or one of the usual ones; nil if there is none."
  (loop for directory in (if (plusp (length directory))
                          (list directory)
                          '("/usr/share/common-lisp/source/slime" "/usr/local/share/common-lisp/source/slime"
                            "/usr/share/emacs/site-lisp/slime"))
        for loader = (format nil "~A/swank-loader.lisp" (string-right-trim "/" directory))
        when (probe-file loader) return loader))

(define-condition swank-package-not-found (error) ()
  (:report "The sources of Swank are not there (in Debian: the package cl-swank)."))

;; Loads the sources with the bytecode compiler. That needs neither a C compiler nor a cache of compiled files, for
;; which a daemon may have no home directory.
(unless (find-package "SWANK")
  (let ((loader (or (swank-sources (getf service:*arguments* :directory)) (error 'swank-package-not-found)))
        (*load-verbose* nil) (*compile-verbose* nil) (*compile-print* nil))
    (ext:install-bytecodes-compiler)
    (handler-bind ((warning #'muffle-warning))
      (load loader)
      (flet ((loader-symbol (name) (find-symbol name "SWANK-LOADER")))
        (let ((directory (symbol-value (loader-symbol "*SOURCE-DIRECTORY*"))))
          (mapc #'load (funcall (loader-symbol "SRC-FILES") (symbol-value (loader-symbol "*SWANK-FILES*")) directory))
          (funcall (find-symbol "BEFORE-INIT" "SWANK")
                   (funcall (loader-symbol "SLIME-VERSION-STRING"))
                   (list (funcall (loader-symbol "CONTRIB-DIR") directory)))
          (funcall (find-symbol "INIT" "SWANK")))))))

(defvar *swank-servers* '() "Each port with its socket and the thread that accepts.")

(defun end-thread (thread)
  "Ends it, where it can be ended: what is sent to a thread may come too early, and so is sent again."
  (loop repeat 20
        while (mp:process-active-p thread)
        do (ignore-errors (mp:process-kill thread))
           (sleep 0.01)))

(defun end-threads-of (connection)
  "Emacs has gone: what it left running ends, too."
  (mapc #'end-thread (remove mp:*current-process* (copy-list (swank::mconn.active-threads connection)))))

(swank::add-hook swank::*connection-closed-hook* 'end-threads-of)

;;; Swank's own authentication is not used. It looks in / if HOME is not set, and waits forever:
;;; ECL's streams have no timeouts.

(defvar *secret-limit* 10000 "Milliseconds in which an editor has to tell the secret.")
(defvar *strangers* '()
  "Each thread whose editor has not told the secret yet, with the socket of the server and the stream to the editor.")
(defvar *most-strangers* 8)
(defvar *strangers-lock* (mp:make-lock :name "strangers"))
(defvar *last-turned-away* 0 "When the log was last told that there are too many, in seconds.")

(defun secret-file ()
  "The path of the secret of the service's user; nil if that user has no home directory."
  (flet ((given (directory) (and (plusp (length directory)) directory)))
    (let ((home (or (given (ext:getenv "HOME"))
                    (multiple-value-bind (home fault) (uninterrupted #'%home-of-user)
                      (when fault (error "The home directory of the service's user is unknown: ~A" fault))
                      (given home)))))
      (and home (concatenate 'string (string-right-trim "/" home) "/.slime-secret")))))

(defun uninterrupted (function &rest arguments)
  "The C library may hold locks of its own in there, which nobody would give back."
  (let ((ext:*interrupts-enabled* nil)) (apply function arguments)))

(defun secret (file)
  "The first line of FILE; nil if there is no such file. Signals an error if it can't be read, so that nobody gets in."
  (when file
    (multiple-value-bind (secret fault) (uninterrupted #'%read-secret (coerce file 'simple-string))
      (when fault (error "The secret in ~A can't be read: ~A" file fault))
      secret)))

(defun authenticate (stream secret-file)
  (let ((secret (secret secret-file)))
    (when (and secret (not (equal (%receive-secret (swank/backend:socket-fd stream) *secret-limit*) secret)))
      (error "It does not know the secret."))))

(defun forget-stranger (thread)
  (mp:with-lock (*strangers-lock*) (setf *strangers* (remove thread *strangers* :key #'first))))

(defun serve-editor (socket stream secret-file)
  (let ((is-served nil))
    (unwind-protect
         (handler-case
             (progn
               (authenticate stream secret-file)
               (forget-stranger mp:*current-process*)
               (service:log :info "an editor has connected to Swank")
               ;; Swank 2.27 keeps its list of connections in a thread; 2.30 protects it with a lock.
               (when (fboundp 'swank::start-sentinel) (funcall 'swank::start-sentinel))
               (let ((connection (swank::make-connection socket stream :spawn)))
                 (setf is-served t)
                 (swank::serve-requests connection)))
           (error (condition)
             (service:log :warning "an editor was not let in: ~A" condition)
             (setf is-served nil)))
      (forget-stranger mp:*current-process*)
      (unless is-served (ignore-errors (close stream))))))

(defun turn-away (stream)
  (ignore-errors (close stream))
  (let ((now (get-universal-time)))
    (when (> now *last-turned-away*)
      (setf *last-turned-away* now)
      (service:log :warning "an editor was not let in: ~D others have yet to tell the secret" *most-strangers*))))

(defun welcome-stranger (socket stream secret-file)
  "Runs in a thread of its own from the start, so that a silent editor does not block others."
  (let ((thread (mp:make-process :name "Swank connection")))
    (mp:process-preset thread #'serve-editor socket stream secret-file)
    (mp:with-lock (*strangers-lock*) (push (list thread socket stream) *strangers*))
    ;; Nil if the system has no more threads.
    (unless (ignore-errors (mp:process-enable thread))
      (forget-stranger thread)
      (ignore-errors (close stream))
      (service:log :warning "an editor was not let in: no thread could be made for it"))))

(defun accept-editors (socket secret-file)
  (loop
    (let ((stream (swank/backend:accept-connection socket :external-format nil :buffering t)))
      (%close-on-exec (swank/backend:socket-fd stream))
      (if (< (length *strangers*) *most-strangers*)
          (welcome-stranger socket stream secret-file)
          (turn-away stream)))))

(defun end-strangers-of (socket)
  (loop for (thread its-socket stream) in *strangers*
        when (eq its-socket socket) do (end-thread thread)
                                   (forget-stranger thread)
                                   ;; In case the thread ended before it closed the stream.
                                   (ignore-errors (close stream))))

(defun start-swank (port)
  "Returns the port; with the file of the secret, and whether there is one."
  (when (and (plusp port) (assoc port *swank-servers*))
    (error "A Swank server listens on port ~D already." port))
  (let* ((file (secret-file))
         (has-secret (secret file))
         (socket (swank/backend:create-socket "127.0.0.1" port :backlog 5)))
    (%close-on-exec (swank/backend:socket-fd socket))
    (let ((port (swank/backend:local-port socket)))
      (push (list port socket (mp:process-run-function (format nil "Swank ~D" port) #'accept-editors socket file))
            *swank-servers*)
      (list :port port :secret-file (or file "") :has-secret (if has-secret t :false)))))

(defun stop-server (server)
  (destructuring-bind (port socket thread) server
    ;; A socket is not really closed while a thread accepts on it.
    (end-thread thread)
    (ignore-errors (swank/backend:close-socket socket))
    (end-strangers-of socket)
    (flet ((connections () (remove socket swank::*connections* :key #'swank::connection.socket :test-not #'eq)))
      (dolist (connection (connections)) (swank::close-connection connection nil nil))
      (loop repeat 50 while (connections) do (sleep 0.01)))
    (setf *swank-servers* (remove server *swank-servers*))
    port))

(defun stop-swank (port)
  "Stops the server of that port; all of them where it is 0. Returns the ports."
  (let ((servers (if (zerop port) *swank-servers* (remove port *swank-servers* :key #'first :test-not #'eql))))
    (when (and (plusp port) (null servers)) (error "No Swank server listens on port ~D." port))
    (mapcar #'stop-server servers)))
