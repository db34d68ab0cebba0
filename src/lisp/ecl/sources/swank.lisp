;;;; Swank, for editors. Evaluated when the first server is wanted; SERVICE:*ARGUMENTS* says where Swank's sources are.

(in-package "SERVICE-EVAL")

(defun swank-sources (directory)
  "The folder of Swank's sources: DIRECTORY, or the usual ones; nil where there is none."
  (loop for folder in (if (plusp (length directory))
                          (list directory)
                          '("/usr/share/common-lisp/source/slime" "/usr/local/share/common-lisp/source/slime"
                            "/usr/share/emacs/site-lisp/slime"))
        for loader = (format nil "~A/swank-loader.lisp" (string-right-trim "/" folder))
        when (probe-file loader) return loader))

(define-condition swank-package-not-found (error) ()
  (:report "The sources of Swank are not there (in Debian: the package cl-swank)."))

;; The sources themselves, by the bytecode compiler: neither a C compiler nor a cache of compiled files is needed, which
;; a daemon may have no home for.
(unless (find-package "SWANK")
  (let ((loader (or (swank-sources (getf service:*arguments* :directory)) (error 'swank-package-not-found)))
        (*load-verbose* nil) (*compile-verbose* nil) (*compile-print* nil))
    (ext:install-bytecodes-compiler)
    (handler-bind ((warning #'muffle-warning))
      (load loader)
      (flet ((loader-symbol (name) (find-symbol name "SWANK-LOADER")))
        (let ((folder (symbol-value (loader-symbol "*SOURCE-DIRECTORY*"))))
          (mapc #'load (funcall (loader-symbol "SRC-FILES") (symbol-value (loader-symbol "*SWANK-FILES*")) folder))
          (funcall (find-symbol "BEFORE-INIT" "SWANK")
                   (funcall (loader-symbol "SLIME-VERSION-STRING"))
                   (list (funcall (loader-symbol "CONTRIB-DIR") folder)))
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

(defun serve-editor (socket stream)
  (handler-case
      (progn
        (swank::authenticate-client stream)
        (swank::start-sentinel)
        (swank::serve-requests (swank::make-connection socket stream :spawn)))
    (error (condition)
      (service:log :warning "an editor was not let in: ~A" condition)
      (ignore-errors (close stream)))))

(defun accept-editors (socket)
  "Each gets a thread of its own from the start: one that says nothing keeps no other waiting."
  (loop
    (let ((stream (swank/backend:accept-connection socket :external-format nil :buffering t)))
      (%close-on-exec (swank/backend:socket-fd stream))
      (mp:process-run-function "Swank connection" #'serve-editor socket stream))))

(defun start-swank (port)
  (when (and (plusp port) (assoc port *swank-servers*))
    (error "A Swank server listens on port ~D already." port))
  (let ((socket (swank/backend:create-socket "127.0.0.1" port :backlog 5)))
    (%close-on-exec (swank/backend:socket-fd socket))
    (let ((port (swank/backend:local-port socket)))
      (push (list port socket (mp:process-run-function (format nil "Swank ~D" port) #'accept-editors socket))
            *swank-servers*)
      port)))

(defun stop-server (server)
  (destructuring-bind (port socket thread) server
    ;; While somebody accepts on it, a socket is not closed by closing it.
    (end-thread thread)
    (ignore-errors (swank/backend:close-socket socket))
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
