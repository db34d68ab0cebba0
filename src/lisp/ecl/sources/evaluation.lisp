;;;; Jobs: tasks that the service gives to Lisp, robust against whatever their code does.

(in-package "SERVICE-EVAL")

(defvar *text-limit* 262144)
(defvar *heap-limit* 536870912)
(defvar *running* '() "Each job with the thread that does it.")
(defvar *running-lock* (mp:make-lock :name "jobs"))

;;; Lisp code cannot end the process.

(define-condition service:exit-refused (error) ()
  (:report "A form would end the process; 'stop' does that."))

(define-condition package-not-found (error)
  ((name :initarg :name))
  (:report (lambda (condition stream)
             (format stream "There is no package named ~S." (slot-value condition 'name)))))

(define-condition not-one-form (reader-error) ()
  (:report "There is more than one form in the text."))

;; These packages stay unlocked, since some of ECL's conditions intern symbols in them.
(ext:package-lock "EXT" nil)
(ext:package-lock "SI" nil)

(defun refuse-exit (&rest ignored)
  (declare (ignore ignored))
  (error 'service:exit-refused))

(dolist (package '("EXT" "SI" "CL-USER"))
  (dolist (name '("QUIT" "EXIT"))
    (let ((symbol (find-symbol name package)))
      (when (and symbol (fboundp symbol)) (setf (fdefinition symbol) #'refuse-exit)))))

;;; Text with a length limit.

(defclass bounded-output (gray:fundamental-character-output-stream)
  ((write :initarg :write)
   (column :initarg :column)
   (text :initarg :text))
  (:documentation "Functions, since slots take long to find: one that takes a character, and two that tell."))

(defmethod gray:stream-write-char ((stream bounded-output) character)
  (funcall (slot-value stream 'write) character))

(defmethod gray:stream-line-column ((stream bounded-output))
  (funcall (slot-value stream 'column)))

(defmethod gray:stream-start-line-p ((stream bounded-output))
  (eql (funcall (slot-value stream 'column)) 0))

(defun make-bounded-output (limit &optional (when-full (lambda ())))
  (let ((text (make-string-output-stream)) (left limit) (column 0))
    (make-instance 'bounded-output
                   :write (lambda (character)
                            (setf column (if (eql character #\Newline) 0 (1+ column)))
                            (cond ((plusp left) (decf left) (write-char character text))
                                  (t (funcall when-full)))
                            character)
                   :column (lambda () column)
                   :text (lambda () (get-output-stream-string text)))))

(defun text-of (stream) (funcall (slot-value stream 'text)))

(defun bounded-text (limit function)
  "What FUNCTION writes to the stream that it gets; beyond LIMIT it is not called on."
  (let* ((tag (list nil))
         (stream (make-bounded-output limit (lambda () (throw tag nil))))
         (is-whole (catch tag (funcall function stream) t)))
    (if is-whole
        (text-of stream)
        (concatenate 'string (text-of stream) "..."))))

(defun may-look-for-circles-p (value &optional (limit 5000))
  "Whether that takes no time: ECL prints everything once more for it, and what a program prints may have no end."
  (let ((seen (make-hash-table :test #'eq)) (pending (list value)))
    (loop while pending
          do (let ((item (pop pending)))
               (typecase item
                 (cons (unless (gethash item seen)
                         (setf (gethash item seen) t)
                         (when (>= (hash-table-count seen) limit) (return-from may-look-for-circles-p nil))
                         (push (cdr item) pending)
                         (push (car item) pending)))
                 ((or symbol number character string))
                 (t (return-from may-look-for-circles-p nil)))))
    t))

(defun printed (value limit)
  (typecase value
    ((or number character symbol) (prin1-to-string value))
    (t (let ((*print-circle* (may-look-for-circles-p value)) (*print-level* 200) (*print-readably* nil) (*print-pretty* nil))
         (handler-case (bounded-text limit (lambda (stream) (prin1 value stream)))
           (error () "#<a value that can't be printed>"))))))

;;; Conditions.

(defun message-of (condition)
  (let ((*print-length* 50) (*print-level* 8) (*print-circle* t) (*print-readably* nil) (*print-escape* nil))
    (handler-case (bounded-text 16384 (lambda (stream) (princ condition stream)))
      (error () "a condition that can't be printed"))))

(defun type-of-condition (condition)
  (let ((*package* (find-package "CL-USER")))
    (prin1-to-string (type-of condition))))

(defun kind-of (condition phase)
  (typecase condition
    (service:exit-refused "exit")
    (package-not-found "package")
    (storage-condition "storage")
    (t (if (eq phase :read) "read" "condition"))))

(defun function-name (frame)
  (let ((function (si::ihs-fun frame)))
    (cond ((and (functionp function) (si:compiled-function-name function)))
          (t function))))

(defun backtrace (&optional (limit 60))
  "The names of the functions that have been called, the innermost first, without those of the evaluation itself."
  (let ((*package* (find-package "CL-USER")) (*print-length* 8) (*print-level* 4) (own (find-package "SERVICE-EVAL")))
    (loop for frame from (si::ihs-top) above 0
          for name = (ignore-errors (function-name frame))
          while (plusp limit)
          unless (or (null name) (and (symbolp name) (eq (symbol-package name) own)))
            collect (or (ignore-errors (princ-to-string name)) "?") and do (decf limit))))

(defun line-at (path position)
  "The line of the form that is next to be read at POSITION of a file."
  (with-open-file (stream path :external-format :utf-8)
    (let ((line 1))
      (loop while (< (file-position stream) position)
            do (when (eql (read-char stream) #\Newline) (incf line)))
      (loop for character = (read-char stream nil)
            while (case character
                    (#\Newline (incf line))
                    (#\; (when (read-line stream nil) (incf line)))
                    ((#\Space #\Tab #\Return) t)))
      line)))

(defun place-being-loaded ()
  "The file and the line of what LOAD is at; an empty string where it loads nothing."
  (or (ignore-errors
       (let ((location ext:*source-location*))
         (when location
           (let ((path (namestring (car location))))
             ;; Anything else, such as a pipe, cannot be read again.
             (if (eq (ext:file-kind path t) :file)
                 (handler-case (format nil "~A, line ~D" path (line-at path (cdr location)))
                   (error () path))
                 path)))))
      ""))

(defun leave-thread (condition hook)
  "In threads that forms start nobody is there to ask: what they leave unhandled is logged, and ends them."
  (declare (ignore hook))
  (ignore-errors
   (log-line "error" (format nil "thread ~A of Lisp ends: ~A (~A)" (mp:process-name mp:*current-process*)
                             (message-of condition) (type-of-condition condition))))
  (mp:exit-process))

(setf ext:*invoke-debugger-hook* 'leave-thread
      ext:*default-external-format* :utf-8
      *load-verbose* nil)

;; Without it COMPILE would need a C compiler and take seconds.
(ext:install-bytecodes-compiler)

;;; Jobs.

(defvar *checked-readtable* (copy-readtable nil)
  "ECL's reader does not look how much stack is left. Functions of Lisp do, and so stand before what reads more.")

(flet ((checked (function) (lambda (&rest arguments) (apply function arguments))))
  (dolist (character '(#\( #\' #\` #\,))
    (multiple-value-bind (function is-non-terminating) (get-macro-character character)
      (set-macro-character character (checked function) is-non-terminating *checked-readtable*)))
  (dolist (character '(#\( #\' #\. #\+ #\- #\A #\C #\S #\= #\P))
    (let ((function (ignore-errors (get-dispatch-macro-character #\# character))))
      (when function
        (set-dispatch-macro-character #\# character (checked function) *checked-readtable*)))))

(defun readtable-for (text)
  "For text so short that it can't be nested too deeply, the one that there is: it may have been changed."
  (if (< (length text) 5000) *readtable* *checked-readtable*))

(defun read-one-form (text &aux (*readtable* (readtable-for text)))
  (with-input-from-string (stream text)
    (let ((form (read stream)))
      (if (eq (read stream nil stream) stream)
          form
          (error 'not-one-form :stream stream)))))

(defun package-named (name)
  (or (find-package name)
      (find-package (string-upcase name))
      (error 'package-not-found :name name)))

(defun restore-limits (stacks)
  "ECL extends a stack or the heap before it reports that it ran out, and it can do so only once."
  (apply #'%restore-stack-limits stacks)
  (si:gc t)
  (ext:set-limit 'ext:heap-size *heap-limit*))

(defun interrupt (id)
  "Has the thread that does the job ID leave it."
  (let ((entry (mp:with-lock (*running-lock*) (assoc id *running*))))
    (when entry
      (mp:interrupt-process (cdr entry)
                            (lambda ()
                              (when (eql *job* id)
                                (setf *is-to-leave* t)
                                (when *interruptible* (leave-job))))))))

(defun run-job (job)
  "Does what the service asks for and returns the outcome to it. Interrupts are off except during the task itself."
  (destructuring-bind (id kind texts package arguments) job
    (let ((values '()) (index 0) (result nil) (fault nil) (over nil) (phase :package)
          (left *text-limit*)
          (stacks (multiple-value-list (%stack-limits)))
          (output (make-bounded-output *text-limit*)))
      (labels ((note (condition)
                 ;; After a stack overflow there is no room for a description: that waits until the stack is unwound.
                 (setf fault (if (typep condition 'storage-condition)
                                 condition
                                 (describe-fault condition (ignore-errors (backtrace)) (place-being-loaded)))))
               (describe-fault (condition &optional (backtrace '()) (place ""))
                 (list (kind-of condition phase) (type-of-condition condition) (message-of condition) backtrace index
                       place))
               (keep (new)
                 (setf result (first new))
                 (push (loop for value in new
                             for text = (printed value left)
                             do (setf left (max 0 (- left (length text))))
                             collect text)
                       values)
                 (incf index)
                 (setf phase :read))
               (run ()
                 (let ((*package* (package-named package)))
                   (setf phase :read)
                   (ecase kind
                     (:forms (dolist (text texts)
                               (let ((form (read-one-form text)))
                                 (setf phase :run)
                                 (keep (multiple-value-list (eval form))))))
                     (:source (with-input-from-string (stream (first texts))
                                (let ((service:*arguments* (first arguments))
                                      (*readtable* (readtable-for (first texts))))
                                  (loop for form = (read stream nil stream)
                                        until (eq form stream)
                                        do (setf phase :run)
                                           (keep (multiple-value-list (eval form)))))))
                     (:call (setf phase :run
                                  result (apply (find-symbol (first texts) "SERVICE-EVAL") arguments))))
                   (setf phase :run
                         result (encode (if (eq kind :forms) (package-name *package*) result))))
                 nil))
        (unwind-protect
             (let ((interrupted
                     (catch 'job
                       (let* ((*job* id) (*is-to-leave* nil)
                              (*standard-output* output) (*error-output* output) (*trace-output* output)
                              (*standard-input* (make-concatenated-stream))
                              (*terminal-io* (make-two-way-stream *standard-input* output))
                              (*query-io* *terminal-io*) (*debug-io* *terminal-io*)
                              (*readtable* *readtable*) (*print-pretty* nil) (*gensym-counter* *gensym-counter*)
                              (*debugger-hook* nil)
                              (ext:*invoke-debugger-hook*
                                (lambda (condition hook)
                                  (declare (ignore hook))
                                  (note condition)
                                  (throw 'job nil))))
                         (mp:with-lock (*running-lock*) (push (cons id mp:*current-process*) *running*))
                         (let ((ext:*interrupts-enabled* t) (*interruptible* t))
                           (run)))
                       (setf over t)
                       nil)))
               (when fault (setf over t result nil))
               (when (typep fault 'condition)
                 (ignore-errors (restore-limits stacks))
                 (setf fault (describe-fault fault)))
               (when interrupted
                 (setf over t
                       result nil
                       fault (list "timeout" "TIMEOUT" "" (if (consp interrupted) (second interrupted) '()) index ""))))
          (mp:with-lock (*running-lock*) (setf *running* (remove id *running* :key #'car)))
          (unless over
            ;; After a stack overflow ECL may only be able to unwind to the outermost frame.
            (ignore-errors (restore-limits stacks))
            (setf result nil
                  fault (or (and (typep fault 'condition) (ignore-errors (describe-fault fault)))
                            (list "exit" "EXIT" "a form left the evaluation" '() index ""))))
          (%finish id (reverse values) (text-of output) result fault))))))

(defvar *workers* '())

(defun work ()
  "What a worker does."
  (push mp:*current-process* *workers*)
  (loop for job = (%next-job)
        while job
        do (run-job job)))

(defun end-all-threads ()
  "Ends every thread but the workers and this one, as far as that can be done in half a second."
  (flet ((others ()
           (remove-if (lambda (thread) (or (eq thread mp:*current-process*) (member thread *workers*)))
                      (mp:all-processes))))
    (loop repeat 50
          while (others)
          do (dolist (thread (others)) (ignore-errors (mp:process-kill thread)))
             (sleep 0.01))))
